/**
 * `npm run campaign:crash [-- --count 10000 --seed 1 --from 95]`: kills the gateway, or its store and publisher alone,
 * at random moments and between the steps of publishing, and looks after each kill from outside: no
 * acknowledged record is lost, no effect is without an earlier intent, the log verifies. Stops at the first
 * thing that is wrong and keeps that home. A twentieth of the kills hit a whole gateway. Each home has a seed of
 * its own, so a run that was cut off goes on with the home that `--from` names.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { seededRandom } from './seeded-random.ts'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '200' },
    seed: { type: 'string' },
    from: { type: 'string', default: '1' },
  },
})
const count = numberOf('count', values.count)
const seed = numberOf('seed', values.seed ?? String(Date.now() % 1_000_000))
const killsPerHome = 40
const homes: { readonly kills: number; readonly whole: boolean }[] = []
for (let left = count; left > 0; left -= killsPerHome) {
  const kills = Math.min(left, killsPerHome)
  const whole = Math.floor(kills / 20)
  if (whole > 0) homes.push({ kills: whole, whole: true })
  if (kills > whole) homes.push({ kills: kills - whole, whole: false })
}
const from = numberOf('from', values.from)
if (count === 0) refuse('--count is at least 1')
if (from < 1 || from > homes.length) refuse(`--from is one of its ${homes.length} homes`)
// Only now: whoever told it nonsense hears so before the gateway is loaded.
const { crashGateway, crashTarget, emptyTally } = await import('./crash-lane.ts')
const started = performance.now()
const tally = emptyTally()
const cache = mkdtempSync(join(tmpdir(), 'crash-cache-'))
const env = { ...process.env, NODE_COMPILE_CACHE: cache }
process.stdout.write(`${count} kills in ${homes.length} homes, from home ${from}, seed ${seed}\n`)

try {
  const queue = homes.entries().drop(from - 1)
  const lane = async () => {
    for (const [number, { kills, whole }] of queue) {
      const given = { random: seededRandom(seed + number), tally, env }
      await (whole ? crashGateway(kills, given) : crashTarget(kills, given))
      report(number + 1)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, lane))
} finally {
  rmSync(cache, { recursive: true, force: true })
}
const kinds = [...tally.kills].sort().map(([place, kills]) => `${place} ${kills}`)
process.stdout.write(
  `${total()} kills (${kinds.join(', ')}): ${tally.records} records, ${tally.acknowledged} acknowledged calls, ` +
    `${tally.effects} effects; 0 lost, 0 without an intent, every log verified. ${seconds()} s\n`,
)

/** A campaign that was told nonsense kills nothing, and must not look as if it had found nothing. */
function numberOf(name: string, text: string): number {
  if (!/^\d{1,7}$/.test(text)) refuse(`--${name} is a whole number of at most seven digits`)
  return Number(text)
}

function refuse(why: string): never {
  process.stderr.write(`${why}\n`)
  process.exit(2)
}

function report(home: number): void {
  process.stdout.write(`home ${home} of ${homes.length}: ${total()} kills, ${seconds()} s\n`)
}

function total(): number {
  return [...tally.kills.values()].reduce((sum, kills) => sum + kills, 0)
}

function seconds(): string {
  return ((performance.now() - started) / 1000).toFixed(0)
}
