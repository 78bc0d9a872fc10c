import type { InForce } from '../call/in-force.ts'
import { compileResultMasking } from '../mask/compile.ts'
import { MaskError, type ResultMasking, type SpanFound } from '../mask/plan.ts'
import type { Party } from '../model/principal.ts'
import { guessMediaType } from './guess-media-type.ts'

/** One value that was found; offsets are UTF-16 code units of the text as it was given. */
export type TriedFinding = {
  readonly type: string
  readonly start: number
  readonly end: number
  /** 0 to 100. */
  readonly confidence: number
  /** The detector's own rule. */
  readonly rule: string
}

/**
 * What masking makes of one text. Without a media type it is read by its form (`guessMediaType`).
 * `withheld`: why nothing of it would be released; `masked` is then empty.
 */
export type Trial = (
  text: string,
  mediaType?: string,
) => {
  readonly findings: readonly TriedFinding[]
  readonly masked: string
  readonly withheld?: string
}

/** Looks for everything there is, and redacts it. */
export function tryEverything(): Trial {
  const masking = compileResultMasking([], [], {
    rules: [{ id: 'everything', entities: ['*'], confidence: 50, strategy: { kind: 'redact' } }],
    custom: [],
    allowed: new Set(),
    onError: 'block',
    digest: '',
  })
  if ('problems' in masking) throw new Error(masking.problems.join('; '))
  return trialOf(masking)
}

/**
 * By the rules that cover one function, for somebody in these groups. A recogniser is not asked, because nothing leaves
 * this machine: `unasked` are the rules that would ask one.
 */
export function openTrial(
  inForce: InForce,
  { functionId, groups }: { readonly functionId: string; readonly groups: readonly string[] },
):
  | { readonly trial: Trial; readonly unasked: readonly string[] }
  | { readonly problem: string; readonly cure: string } {
  const fn = inForce.rulebook.functions.find(({ id }) => id === functionId)
  if (!fn) {
    const cure = 'List the functions with `sallyport functions ls`.'
    return { problem: `There is no function \`${functionId}\` in this rulebook.`, cure }
  }
  const somebody: Party = { kind: 'user', id: 'somebody', groups }
  const { detect = [] } = fn
  const alone = { ...fn, detect: detect.map(({ recognise: _, ...rule }) => rule) }
  return {
    trial: trialOf(inForce.resultMasking(alone, { fields: [], parties: [somebody] })),
    unasked: detect.flatMap(({ id, recognise }) => (recognise === undefined ? [] : [id])),
  }
}

function trialOf(masking: ResultMasking): Trial {
  return (text, mediaType = guessMediaType(text)) => {
    // With its line ended every text is read where it stands, so offsets are those of the body.
    const isPlain = mediaType.startsWith('text/plain')
    const body = Buffer.from(isPlain ? `${text}\n` : text)
    const seen: SpanFound[] = []
    const masker = masking.masker({
      mediaType,
      fragment: false,
      key: trialKey,
      echoes: [],
      seen: (span) => seen.push({ ...span }),
    })
    if (!masker) {
      return { findings: [], masked: '', withheld: `${mediaType} cannot be masked by these rules` }
    }
    try {
      const masked = Buffer.concat([masker.push(body), masker.end()]).toString()
      const findings = inText(seen, body)
      return { findings, masked: isPlain ? masked.replace(/\n$/, '') : masked }
    } catch (thrown) {
      if (!(thrown instanceof MaskError)) throw thrown
      return { findings: inText(seen, body), masked: '', withheld: thrown.message }
    }
  }
}

/** Pseudonyms of a trial are nobody's: they are made with a key that everybody knows. */
const trialKey = new Uint8Array(32)

/** From offsets of bytes to those of UTF-16 code units, in one walk. */
function inText(spans: readonly SpanFound[], body: Buffer): readonly TriedFinding[] {
  const ascending = spans.toSorted((a, b) => a.start - b.start || a.end - b.end)
  let [byte, unit] = [0, 0]
  return ascending.map(({ type, start, end, confidence, rule }) => {
    if (start > byte) {
      unit += body.toString('utf8', byte, start).length
      byte = start
    }
    const length = body.toString('utf8', start, end).length
    return { type, start: unit, end: unit + length, confidence, rule }
  })
}
