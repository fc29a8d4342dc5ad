/** Something new for a subscriber. */
export interface Push {
  readonly type: string
  /** JSON text: rendered once for all who get it. */
  readonly data: string
  readonly sequence: number
  /** Trades that are no longer kept and will not come. */
  readonly dropped: number
}

const seconds = (): number => Date.now() / 1_000

export const connectedMessage = (connectionId: string): string =>
  JSON.stringify({ type: 'connected', connection_id: connectionId, timestamp: seconds() })

export const heartbeatMessage = (): string => JSON.stringify({ type: 'heartbeat', timestamp: seconds() })

export const pongMessage = (): string => JSON.stringify({ type: 'pong', timestamp: seconds() })

/** `resumed` says, of those who asked to resume, whether they get all they missed. */
export const subscribedMessage = (id: string, resumed: boolean | undefined): string =>
  JSON.stringify({ type: 'subscribed', subscription_id: id, ...(resumed === undefined ? {} : { resumed }) })

export const unsubscribedMessage = (id: string): string => JSON.stringify({ type: 'unsubscribed', subscription_id: id })

export const errorMessage = (message: string): string => JSON.stringify({ type: 'error', message })

/** A subscription that had been answered has come to its end. */
export const endedMessage = (id: string, message: string): string =>
  JSON.stringify({ type: 'error', message, subscription_id: id })

/** `resumed` false: what came before this message is missing. */
export const dataMessage = (id: string, push: Push, resumed: boolean | undefined): string => {
  const dropped = push.dropped === 0 ? '' : `,"dropped":${push.dropped}`
  const flag = resumed === undefined ? '' : `,"resumed":${resumed}`
  const head = `{"type":"${push.type}","subscription_id":${JSON.stringify(id)}`
  return `${head},"data":${push.data},"timestamp":${seconds()},"sequence":${push.sequence}${dropped}${flag}}`
}
