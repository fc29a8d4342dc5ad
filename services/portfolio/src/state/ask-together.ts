interface Asking<Reply> {
  readonly reply: Promise<Reply>
  /** What those who came since wait for. */
  next: Promise<Reply> | undefined
}

/**
 * Equal questions are asked one at a time: those that come while one is under way wait together for the next. So nobody
 * gets an answer from before he asked, and a hundred who ask at once cost no more than two.
 */
export const askTogether = <Request, Reply>(
  ask: (request: Request) => Promise<Reply>,
): ((request: Request) => Promise<Reply>) => {
  const underWay = new Map<string, Asking<Reply>>()

  const begin = (key: string, request: Request): Promise<Reply> => {
    const reply = ask(request)
    const asking: Asking<Reply> = { reply, next: undefined }
    underWay.set(key, asking)
    const over = (): void => {
      if (asking.next === undefined) underWay.delete(key)
    }
    reply.then(over, over)
    return reply
  }

  return (request) => {
    const key = JSON.stringify(request)
    const asking = underWay.get(key)
    if (asking === undefined) return begin(key, request)
    const after = (): Promise<Reply> => begin(key, request)
    asking.next ??= asking.reply.then(after, after)
    return asking.next
  }
}
