import os from 'node:os'
import { systemResourcesResponse } from '@colibri/contracts'
import t from 'tap'
import { cpuPercent, cpuTime, physicalCores, Resources } from './resources.ts'

t.test('the share of processor time is what was used between two readings', async (t) => {
  t.equal(cpuPercent({ busy: 100, total: 1000 }, { busy: 200, total: 1400 }), 25)
  t.equal(cpuPercent({ busy: 1, total: 3 }, { busy: 2, total: 6 }), 33.3)
  t.equal(cpuPercent({ busy: 1, total: 3 }, { busy: 1, total: 3 }), 0, 'no time has passed')
  const { busy, total } = cpuTime()
  t.ok(busy > 0 && busy < total)
})

t.test('hyper-threads of one core are one core', async (t) => {
  const processor = (id: number, socket: number, core: number) =>
    `processor\t: ${id}\nphysical id\t: ${socket}\ncore id\t\t: ${core}\n`
  t.equal(physicalCores([processor(0, 0, 0), processor(1, 0, 1), processor(2, 0, 0), processor(3, 1, 0)].join('\n')), 3)
  t.equal(physicalCores('processor\t: 0\nBogoMIPS\t: 50.00\n'), null, 'a machine that does not say')
})

t.test('figures of this machine', async (t) => {
  const { cpu, memory, disk } = systemResourcesResponse.parse(await new Resources().read())
  t.equal(cpu.count_logical, os.cpus().length)
  t.equal(memory.total, os.totalmem())
  t.equal(memory.used, memory.total - memory.available)
  t.ok(memory.percent > 0 && memory.percent < 100)
  t.ok(disk.used > 0 && disk.used + disk.free <= disk.total)
  t.ok(disk.percent > 0 && disk.percent <= 100)
})
