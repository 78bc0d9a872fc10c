import { parseCheckpoint } from '../src/checkpoint.ts'
import type { Verdict } from '../src/verify/verdict.ts'
import type { Files } from '../test/log-builder.ts'

/**
 * Why a mutant that verifies says what the original says; undefined where that cannot be shown, which is
 * what the campaign looks for. All that the verdict is about has to be there unchanged: each record, each
 * payload, each rulebook, and the signed text of the checkpoint. What else differs is named.
 */
export function whySame(original: Files, mutant: Files, verdict: Verdict): string | undefined {
  const reasons = new Set<string>()
  for (const [path, bytes] of original) {
    const there = mutant.get(path)
    if (there && Buffer.compare(bytes, there) === 0) continue
    const reason = there
      ? (whyChanged(path, bytes, there) ?? whyUnknown(path, verdict))
      : whyLeftOut(path, original, verdict)
    if (reason === undefined) return undefined
    reasons.add(reason)
  }
  for (const [path, bytes] of mutant) {
    if (original.has(path)) continue
    const reason = whyAdded(path, bytes, original, verdict)
    if (reason === undefined) return undefined
    reasons.add(reason)
  }
  return reasons.size === 0 ? 'another container of the same files' : [...reasons].sort().join(', ')
}

function whyChanged(path: string, before: Uint8Array, after: Uint8Array): string | undefined {
  if (path === 'checkpoint' || path.startsWith('checkpoints/')) {
    return bodyOf(before) === bodyOf(after)
      ? 'the same signed text, other signature lines'
      : undefined
  }
  if (path !== 'bundle.json') return undefined
  const told = [before, after].map((bytes) => {
    const { made: _, ...rest } = JSON.parse(Buffer.from(bytes).toString())
    return JSON.stringify(Object.entries(rest).sort())
  })
  return told[0] === told[1] ? 'bundle.json: when it was made, or how it is spelt' : undefined
}

/** In a part of a log: signed by whoever no record shown names, it counts as one that was left out, and that is said. */
function whyUnknown(path: string, { scope, checks }: Verdict): string | undefined {
  if (!path.startsWith('checkpoints/') || scope === 'whole') return undefined
  const isSaid = checks.some(({ check, state }) => check === 'checkpoints' && state === 'partly')
  return isSaid ? 'an archived checkpoint of an unknown key, and says partly' : undefined
}

/** The text that is signed. */
function bodyOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString()
  parseCheckpoint(text)
  return text.slice(0, text.indexOf('\n\n'))
}

function whyLeftOut(path: string, original: Files, verdict: Verdict): string | undefined {
  if (path.startsWith('checkpoints/')) return 'an archived checkpoint left out'
  // Without payloads an export is what the folder of the log is, and is verified as that.
  if (path === 'bundle.json')
    return verdict.scope === 'whole' ? 'no bundle.json: a whole log' : undefined
  if (verdict.scope === 'session' && /^(?:leaf|payloads|rulebooks)\//.test(path)) {
    return isPartly(path, verdict) ? 'a session bundle that shows less, and says partly' : undefined
  }
  const isOlder =
    /^tile\/(?:0|entries)\/\d{3}\.p\/\d+$/.test(path) && widest(path, original) !== path
  return isOlder ? 'an older partial tile left out' : undefined
}

/** The checks that what is left out would have been for say that they did not see all. */
function isPartly(path: string, { checks }: Verdict): boolean {
  const wanted = path.startsWith('leaf/')
    ? 'chains'
    : path.startsWith('payloads/')
      ? 'commitments'
      : 'rulebook'
  return checks.some(({ check, state }) => check === wanted && state === 'partly')
}

/** The partial tile at this place that the newest tree needs. */
function widest(path: string, files: Files): string | undefined {
  const [place = ''] = path.split('.p/')
  const widths = [...files.keys()].filter((one) => one.startsWith(`${place}.p/`))
  return widths.sort((a, b) => Number(b.split('/').at(-1)) - Number(a.split('/').at(-1)))[0]
}

function whyAdded(
  path: string,
  bytes: Uint8Array,
  original: Files,
  { findings }: Verdict,
): string | undefined {
  const isTold = findings.some(({ code, file }) => code === 'file-unknown' && file === path)
  if (isTold) return 'a file more, told as no part of the log'
  if (path.startsWith('checkpoints/')) {
    const isKnown = [...original].some(([one, there]) => {
      return one.startsWith('checkpoint') && bodyOf(there) === bodyOf(bytes)
    })
    return isKnown ? 'a checkpoint of this log, archived' : undefined
  }
  const newest = original.get(widest(path, original) ?? '')
  const isBeginning =
    newest !== undefined && Buffer.compare(newest.subarray(0, bytes.length), bytes) === 0
  return isBeginning && path.startsWith('tile/')
    ? 'a partial tile that the tree begins with'
    : undefined
}
