import { parseArgs } from 'node:util'
import { runCampaign } from './mutants.ts'

/**
 * The mutation campaign: damages exported bundles in every way it knows, and demands that each mutant is
 * caught or shown to mean the same. `--count 100000` for the long form; `--seed` to see one again.
 */
const { values } = parseArgs({
  options: { count: { type: 'string', default: '2000' }, seed: { type: 'string' } },
})
const count = Number(values.count)
const seed = Number(values.seed ?? Math.trunc(Math.random() * 2 ** 31))
if (!Number.isSafeInteger(count) || count < 1 || !Number.isSafeInteger(seed)) {
  process.stderr.write('usage: mutate.ts [--count <n>] [--seed <n>]\n')
  process.exit(2)
}

const started = performance.now()
const tally = await runCampaign({
  count,
  seed,
  onProgress: (done) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${count} mutants`)
  },
})
if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')

const lines = (title: string, counts: ReadonlyMap<string, number>) => {
  process.stdout.write(`\n${title}\n`)
  for (const [name, n] of [...counts].sort((a, b) => b[1] - a[1])) {
    process.stdout.write(`${n.toString().padStart(9)}  ${name}\n`)
  }
}
lines('Mutants by kind', tally.kinds)
lines('Caught by', tally.caughtBy)
lines('Not caught, because they mean the same', tally.same)
const seconds = ((performance.now() - started) / 1000).toFixed(1)
process.stdout.write(
  `\n${count} mutants, seed ${seed}, ${seconds} s: ${tally.missed.length} undetected\n`,
)
for (const missed of tally.missed) process.stdout.write(`UNDETECTED ${missed}\n`)
process.exitCode = tally.missed.length === 0 ? 0 : 1
