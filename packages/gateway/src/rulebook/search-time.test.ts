import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { MaskError } from '../mask/plan.ts'
import { searchTime, threadMs } from './search-time.ts'

function check(title: string, used: readonly number[], withheld: boolean): void {
  test(title, () => {
    const times = used.values()
    const time = searchTime(() => times.next().value ?? 0)
    time.begin()
    const use = () => {
      for (let at = 1; at < used.length; at += 1) time.check()
    }
    if (withheld) assert.throws(use, MaskError)
    else assert.doesNotThrow(use)
  })
}

check('a text within its time', [70_000, 71_000, 75_000], false)
check('a text that took longer', [70_000, 71_000, 75_001], true)

test('another text has its own time, and often is every few times', () => {
  let now = 0
  const time = searchTime(() => now)
  time.begin()
  now = 6_000
  time.checkOften()
  assert.throws(() => {
    for (let at = 0; at < 16; at += 1) time.checkOften()
  }, MaskError)
  time.begin()
  assert.doesNotThrow(time.check)
})

test('what other threads use of a processor is not counted', async () => {
  const ours = threadMs()
  const module = JSON.stringify(new URL('search-time.ts', import.meta.url))
  const text = `import { parentPort } from 'node:worker_threads'
    import { threadMs } from ${module}
    const theirs = threadMs()
    const { user, system } = process.cpuUsage()
    parentPort.postMessage([theirs, (user + system) / 1000])`
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(text)}`))
  const [[theirs, all]] = await once(worker, 'message')
  // What is known of a thread may be some milliseconds old.
  assert.ok(theirs + ours / 2 <= all, `${theirs} ms of theirs, ${ours} of ours, ${all} of all`)
})
