import type { ServerResponse } from 'node:http'

/** Sends JSON the way the contract's clients know it: no charset in the content type. */
export const sendJson = (res: ServerResponse, status: number, value: unknown): void => {
  sendJsonText(res, status, JSON.stringify(value))
}

export const sendJsonText = (res: ServerResponse, status: number, text: string): void => {
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  res.end(text)
}

/** `{"detail": …}`, the one shape of every error. */
export const sendDetail = (res: ServerResponse, status: number, detail: unknown): void =>
  sendJson(res, status, { detail })

export const sendText = (
  res: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void => {
  res.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) })
  res.end(text)
}

export const unavailableText = (service: string): string => `Service '${service}' is not available`
