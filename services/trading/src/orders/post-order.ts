import type { PlaceOrderReply, PlaceOrderRpcRequest } from '@colibri/contracts'
import { headerNames, type RequestContext } from '@colibri/service-kit'
import { z } from 'zod'

export interface PostOrderDeps {
  /** Where this process serves HTTP. */
  address(): string
  readonly edgeToken: string
  context(): RequestContext
}

/** Longer than a request may wait for an account that changes hands. */
const ANSWER_MS = 30_000

const placed = z.object({ order_id: z.string() })
const refusal = z.object({ detail: z.union([z.string(), z.array(z.object({ msg: z.string() }))]) })

const reasonOf = (status: number, body: string): string => {
  try {
    const { detail } = refusal.parse(JSON.parse(body))
    return typeof detail === 'string' ? detail : detail.map(({ msg }) => msg).join('; ')
  } catch {
    return `trading answered ${status}`
  }
}

export type PostOrder = (request: PlaceOrderRpcRequest) => Promise<PlaceOrderReply>

/**
 * Places an order for another service by the very route a client's order takes, so that it finds the process that holds
 * the account and passes the same checks. The key makes it safe to ask again after any doubt.
 */
export const postOrder =
  ({ address, edgeToken, context }: PostOrderDeps): PostOrder =>
  async (request) => {
    const { actor, correlationId, requestId } = context()
    const body = {
      account_name: request.accountName,
      connector_name: request.connectorName,
      trading_pair: request.tradingPair,
      trade_type: request.tradeType,
      order_type: request.orderType,
      amount: request.amount,
      price: request.price,
      position_action: request.positionAction,
    }
    try {
      const reply = await fetch(new URL('/trading/orders', address()), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'idempotency-key': request.idempotencyKey,
          [headerNames.edgeToken]: edgeToken,
          [headerNames.actor]: actor,
          [headerNames.correlationId]: correlationId,
          [headerNames.requestId]: requestId,
        },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWER_MS),
      })
      const text = await reply.text()
      if (reply.ok) return { kind: 'placed', clientOrderId: placed.parse(JSON.parse(text)).order_id }
      const reason = reasonOf(reply.status, text)
      if (reply.status === 409) return { kind: 'halted', reason }
      return { kind: reply.status >= 500 ? 'again' : 'refused', reason }
    } catch (error) {
      return { kind: 'again', reason: error instanceof Error ? error.message : String(error) }
    }
  }
