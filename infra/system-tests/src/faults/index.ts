import type { Fault } from './fault.ts'
import { r1 } from './r1.ts'
import { r2 } from './r2.ts'
import { r3 } from './r3.ts'
import { r4 } from './r4.ts'
import { r5 } from './r5.ts'
import { r8 } from './r8.ts'
import { r9 } from './r9.ts'
import { x1 } from './x1.ts'
import { x2 } from './x2.ts'
import { x6 } from './x6.ts'

/** The fault matrix: what `npm run chaos -- <id>` runs, and how many rounds unless told. */
export const faults: Readonly<Record<string, { readonly fault: Fault; readonly rounds: number }>> = {
  r1: { fault: r1, rounds: 20 },
  r2: { fault: r2, rounds: 10 },
  r3: { fault: r3, rounds: 20 },
  r4: { fault: r4, rounds: 8 },
  r5: { fault: r5, rounds: 20 },
  r8: { fault: r8, rounds: 15 },
  r9: { fault: r9, rounds: 20 },
  x1: { fault: x1, rounds: 10 },
  x2: { fault: x2, rounds: 10 },
  x6: { fault: x6, rounds: 20 },
}
