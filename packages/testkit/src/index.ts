export { binanceReplay } from './captures/binance-replay.ts'
export { NO_CAPTURES } from './captures/capture.ts'
export { gateReplay } from './captures/gate-replay.ts'
export { krakenReplay } from './captures/kraken-replay.ts'
export { kucoinReplay } from './captures/kucoin-replay.ts'
export { type Level, NaiveBook, type Side } from './captures/naive-book.ts'
export { okxReplay } from './captures/okx-replay.ts'
export type { CapturedTrade, ReplayFrame, ReplayMarket, ReplayVenue } from './captures/replay.ts'
export { type ReplayServer, startReplay } from './captures/replay-server.ts'
export { chromiumBinary, launchChromium } from './chromium.ts'
export { contractProblems } from './contract-shape.ts'
export { plainChildren, plainNode } from './plain-node.ts'
export { EDGE_TOKEN, edgeHeaders, type ServiceParts, serviceEnvironment } from './service-environment.ts'
export {
  type Replica,
  type ReplicaScope,
  type ServiceProcess,
  type ServiceReplicas,
  type ServiceReply,
  serviceReplicas,
  startedService,
} from './service-replicas.ts'
export {
  basicAuth,
  openSocket,
  type SocketClient,
  type SocketMessage,
  type SocketOptions,
  socketClient,
} from './socket-client.ts'
export { type TearsDown, temporaryFolder } from './temporary-folder.ts'
export { type TestNats, type TestNatsOptions, testNats } from './test-nats.ts'
export { type TestPostgres, testPostgres } from './test-postgres.ts'
export { testSimulator } from './test-simulator.ts'
