import { type ChildProcess, spawn } from 'node:child_process'

/**
 * Ends our children when this process dies in any way, SIGKILL included: a shell holds the other end of a pipe, knows
 * every child by a line written to it, and signals them once the pipe closes. One shell per process, about 1 MB.
 */
const SCRIPT = `
trap '' INT TERM HUP
children='' folders=''
while read -r action signal value; do
  case $action in
    watch) children="$children $signal:$value" ;;
    forget) kept=''; for c in $children; do [ "\${c#*:}" = "$value" ] || kept="$kept $c"; done; children=$kept ;;
    folder) folders="$folders$value
" ;;
    keep) kept=$(printf '%s' "$folders" | grep -vxF -- "$value"); folders="$kept
" ;;
  esac
done
for c in $children; do kill -"\${c%%:*}" "\${c#*:}" 2>/dev/null; done
tries=0
while [ $tries -lt 60 ]; do
  alive=''
  for c in $children; do kill -0 "\${c#*:}" 2>/dev/null && alive=yes; done
  [ -n "$alive" ] || break
  sleep 0.1; tries=$((tries + 1))
done
for c in $children; do kill -KILL "\${c#*:}" 2>/dev/null; done
printf '%s' "$folders" | while IFS= read -r folder; do [ -n "$folder" ] && rm -rf -- "$folder"; done
`

let guard: ChildProcess | null = null

const tell = (line: string): void => {
  if (guard === null || guard.exitCode !== null) {
    guard = spawn('/bin/sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
    guard.unref()
    // A guard that cannot be started or reached protects nothing; children then only end with an orderly stop.
    guard.on('error', () => undefined)
    guard.stdin?.on('error', () => undefined)
    if (guard.stdin && 'unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref()
  }
  guard.stdin?.write(`${line}\n`)
}

/** From now on `pid` gets `signal`, and SIGKILL six seconds later, should this process die. */
export const guardProcess = (pid: number, signal: 'INT' | 'TERM'): void => tell(`watch ${signal} ${pid}`)

/** The process ended; its number may soon be somebody else's. */
export const forgetProcess = (pid: number): void => tell(`forget - ${pid}`)

/** Removes a temporary folder should this process die before it can. */
export const guardFolder = (path: string): void => tell(`folder - ${path}`)

/** The folder was removed in good order. */
export const forgetFolder = (path: string): void => tell(`keep - ${path}`)
