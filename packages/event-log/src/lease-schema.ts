/**
 * Leases and their tokens. `log.holds` is asked inside the statement of an append: its shared lock lasts until that append
 * has committed, and `log.take_lease` waits for it, so that a token is not raised between the check and the commit. Both are
 * volatile: each of their statements sees what was committed before it, not what the append's snapshot saw.
 */
export const LEASES = `
create table log.leases (
  name text primary key,
  token bigint not null,
  owner text,
  address text,
  backend_pid integer,
  backend_start timestamptz,
  expires_at timestamptz not null
);

create function log.lease_lock(lease text) returns bigint language sql immutable as
  $$ select hashtextextended('colibri lease ' || lease, 0) $$;

create function log.lease_is_held(lease log.leases) returns boolean language sql volatile as $$
  select lease.owner is not null and lease.expires_at > clock_timestamp() and exists (
    select from pg_stat_activity session
    where session.pid = lease.backend_pid and session.backend_start = lease.backend_start
  ) $$;

create function log.holds(lease text, presented bigint) returns boolean language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock_shared(log.lease_lock(lease));
  return exists (select from log.leases where name = lease and token = presented);
end $$;

create function log.take_lease(
  wanted text, taker text, reached_at text, own_pid integer, own_start timestamptz, ttl_ms integer
) returns table (new_token bigint, former_ms integer) language plpgsql volatile as $$
declare
  found_lease log.leases;
begin
  insert into log.leases (name, token, expires_at) values (wanted, 0, '-infinity') on conflict do nothing;
  -- A lease that cannot be had costs the appends of its owner no lock.
  if exists (select from log.leases l where l.name = wanted and l.owner <> taker and log.lease_is_held(l)) then
    return;
  end if;
  perform pg_advisory_xact_lock(log.lease_lock(wanted));
  select * into found_lease from log.leases l where l.name = wanted for update;
  if found_lease.owner <> taker and log.lease_is_held(found_lease) then
    return;
  end if;
  update log.leases set
    token = token + case when owner = taker then 0 else 1 end,
    owner = taker, address = reached_at, backend_pid = own_pid, backend_start = own_start,
    expires_at = clock_timestamp() + ttl_ms * interval '1 millisecond'
  where name = wanted
  returning token into new_token;
  former_ms := case
    when found_lease.owner is null or found_lease.owner = taker then null
    else greatest(0, ceil(extract(epoch from found_lease.expires_at - clock_timestamp()) * 1000))::integer
  end;
  return next;
end $$;
`
