import { setTimeout as sleep } from 'node:timers/promises'
import { FencedOff } from '@colibri/event-log'
import { ApiError, bodyOf } from '@colibri/service-kit'
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common'
import type { Request, Response } from 'express'
import { catchError, finalize, type Observable, of } from 'rxjs'
import { z } from 'zod'
import type { AccountLeases, Located } from './account-leases.ts'
import { accountMoved } from './account-moved.ts'
import { FORWARDED, type Forwarded, forwardTo } from './forward.ts'
import { type Subject, subjectOf } from './request-subject.ts'

export interface RouteToOwnerDeps {
  readonly leases: AccountLeases
  /** The account of an order; undefined for an unknown one. */
  accountOfOrder(clientOrderId: string): Promise<string | undefined>
}

/** The longest a request waits for an account that changes hands. */
const PATIENCE_MS = 20_000
const ANSWER_MS = 25_000
const AGAIN_MS = 50
const LOOK_EVERY_MS = 250
const LAST_WORD_MS = 2_000
/** To a replica that has taken us for the owner: misdirected request. */
const NOT_THE_OWNER = 421

const detail = z.object({ detail: z.union([z.string(), z.array(z.custom<object>())]) })

const errorOf = ({ status, body, headers }: Extract<Forwarded, { kind: 'answered' }>): ApiError => {
  const parsed = detail.safeParse(JSON.parse(body))
  if (!parsed.success) return new ApiError(502, 'The trading process of this account gave an unreadable answer')
  return new ApiError(status, parsed.data.detail as ApiError['detail'], headers)
}

/**
 * Every request about one account is handled by the process that holds the account's lease: by this one as it is, by
 * another one over HTTP. Requests about no account are handled wherever they arrive.
 */
export class RouteToOwner implements NestInterceptor {
  constructor(private readonly deps: RouteToOwnerDeps) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    if (context.getType() !== 'http') return next.handle()
    const request = context.switchToHttp().getRequest<Request>()
    const response = context.switchToHttp().getResponse<Response>()
    const subject = await subjectOf(request, bodyOf(request), this.deps.accountOfOrder)
    if (subject.kind === 'none') return next.handle()
    for (const deadline = Date.now() + PATIENCE_MS; ; ) {
      const where = await this.#locate(request, subject)
      if (where.kind === 'nowhere') return next.handle()
      if (where.kind === 'here') {
        const handled = this.#here(subject, next)
        if (handled !== undefined) return handled
      } else {
        const reply = await this.#forward(request, subject, where.address)
        if (reply !== 'again') {
          if (reply.status >= 400) throw errorOf(reply)
          return of(JSON.parse(reply.body))
        }
        await this.deps.leases.look().catch(() => undefined)
        await sleep(AGAIN_MS)
      }
      // Whoever has gone asks again: what nobody waits for must not pile up in front of the new owner.
      if (Date.now() > deadline || response.destroyed) throw moved(subject)
    }
  }

  async #locate(request: Request, subject: Subject): Promise<Located> {
    const { leases } = this.deps
    if (subject.kind === 'account' && leases.ready(subject.accountName)) return { kind: 'here' }
    const wasForwarded = request.headers[FORWARDED] !== undefined
    const mayBeHere = subject.kind === 'account' ? leases.holds(subject.accountName) : leases.isKeeper()
    const where =
      wasForwarded && !mayBeHere
        ? undefined
        : await (subject.kind === 'account' ? leases.locate(subject.accountName) : leases.locateKeeper())
    // Whoever sent it here looks again itself: two that take each other for the owner must not play ball.
    if (where === undefined || (wasForwarded && where.kind === 'elsewhere')) {
      throw new ApiError(NOT_THE_OWNER, 'This trading process does not have the account')
    }
    return where
  }

  /** Undefined: the account has just begun to move. */
  #here(subject: Subject, next: CallHandler): Observable<unknown> | undefined {
    const entered = subject.kind === 'account' ? this.deps.leases.enter(subject.accountName) : { end: () => undefined }
    if (entered === undefined) return undefined
    return next.handle().pipe(
      catchError((error: unknown) => {
        throw error instanceof FencedOff ? moved(subject) : error
      }),
      finalize(() => entered.end()),
    )
  }

  async #forward(
    request: Request,
    subject: Subject,
    address: string,
  ): Promise<Extract<Forwarded, { kind: 'answered' }> | 'again'> {
    const over = new AbortController()
    const sent = {
      method: request.method,
      path: request.originalUrl,
      headers: request.headers,
      body: bodyOf(request),
    }
    const reply = await Promise.race([
      forwardTo(address, sent, ANSWER_MS, over.signal),
      this.#replaced(subject, address, over.signal),
    ])
    over.abort()
    if (reply.kind === 'answered') return reply.status === NOT_THE_OWNER ? 'again' : reply
    // What was not carried out, or may be repeated, goes to whoever owns the account next.
    const repeatable = request.method === 'GET' || request.headers['idempotency-key'] !== undefined
    if (reply.kind === 'not-reached' || repeatable) return 'again'
    throw new ApiError(
      502,
      'The trading process of this account broke off before it answered; the request may have been carried out',
    )
  }

  /** Resolves when another process has taken what this one was asked for: a frozen one never answers. */
  async #replaced(subject: Subject, address: string, signal: AbortSignal): Promise<Forwarded> {
    while (!signal.aborted) {
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined)
      if (signal.aborted || this.deps.leases.addressOf(subject) === address) continue
      // One that gave the account away answers what it had begun.
      await sleep(LAST_WORD_MS, undefined, { signal }).catch(() => undefined)
      return { kind: 'broken-off', reason: 'replaced' }
    }
    return { kind: 'broken-off', reason: 'over' }
  }
}

const moved = (subject: Subject): ApiError => accountMoved(subject.kind === 'account' ? subject.accountName : 'all')
