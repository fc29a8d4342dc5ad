/** How far an executor has come, with the numbers that backtests answer with. */
export const RUNNABLE_STATUSES = { NOT_STARTED: 1, RUNNING: 2, SHUTTING_DOWN: 3, TERMINATED: 4 } as const
export type RunnableStatus = keyof typeof RUNNABLE_STATUSES
