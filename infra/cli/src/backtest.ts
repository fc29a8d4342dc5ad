import { CandleFileInvalid } from '@colibri/market-data/candles'
import { backtestCommand, usage } from './backtest-command.ts'
import { ArgumentsWrong } from './candle-command.ts'
import { runBacktestCommand } from './run-backtest-command.ts'

/** `npm run backtest -- …`: a backtest on candles of a file, with no server running. */
const folder = process.env.INIT_CWD ?? process.cwd()

const sentence = (error: unknown): string => {
  if (error instanceof ArgumentsWrong) return `${error.message}\n${usage}`
  if (error instanceof CandleFileInvalid) return `The candles cannot be read.\n${error.message}`
  return error instanceof Error && error.message !== '' ? error.message : String(error)
}

const args = process.argv.slice(2)
try {
  if (args.some((argument) => argument === '--help' || argument === '-h')) console.log(usage)
  else
    await runBacktestCommand(backtestCommand(args, folder), {
      folder,
      now: Date.now(),
      out: process.stdout,
      progress: process.stderr,
    })
} catch (error) {
  console.error(sentence(error))
  process.exitCode = 1
}
