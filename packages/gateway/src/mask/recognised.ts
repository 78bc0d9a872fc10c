import { limits } from './limits.ts'
import {
  type DetectionPlan,
  MaskError,
  type Masker,
  type Paced,
  type Recognise,
  type Recognised,
  type RecogniserQuestion,
  type ResultMasking,
  type SpanFound,
} from './plan.ts'
import { unproved } from './unproved.ts'

type Custom = DetectionPlan['custom'][number]
type Options = Parameters<ResultMasking['masker']>[0]
type Compile = (plan: DetectionPlan) => ResultMasking

/**
 * A masker that asks an external recogniser about the texts at the paths of the rules that say so, each as
 * the detectors read it, and hides what it sees beside what is found without it. The body is held whole until
 * then. What a checksum or a form vouches for is never the recogniser's to name.
 */
export function recognisingMasker(
  plan: DetectionPlan,
  compile: Compile,
  options: Options,
): Masker | undefined {
  // Says at once whether such a body can be masked at all.
  if (compile(plan).masker(options) === undefined) return undefined
  const chunks: Uint8Array[] = []
  let length = 0
  let inner: Masker | undefined
  let masked = nothing
  return {
    push: (chunk) => {
      length += chunk.length
      if (length > limits.recognisedBytes) {
        throw new MaskError('the result is longer than a recogniser is asked about')
      }
      chunks.push(Uint8Array.from(chunk))
      return nothing
    },
    ask: async (recognise, paced) => {
      const body = Buffer.concat(chunks)
      const answered: Custom[] = []
      for (const [index, rule] of plan.rules.entries()) {
        if (rule.recognise === undefined) continue
        const texts = await textsOf(plan, index, compile, options, body, paced)
        if (texts.length === 0) continue
        const { entities, confidence } = rule
        const asked = { texts, language: rule.recognise.language, entities, confidence }
        const answers = await answerTo(recognise, asked)
        answered.push(...(await answersOf(rule.id, asked, answers, paced)))
      }
      const hiding = compile({ ...plan, custom: [...plan.custom, ...answered] }).masker(options)
      if (hiding === undefined) return
      // In one piece, as it was read: how a long text is cut into windows is up to its pieces.
      masked = await paced(() => hiding.push(body))
      inner = hiding
    },
    end: () => {
      if (inner === undefined) throw new MaskError('the recogniser was not asked')
      return Buffer.concat([masked, inner.end()])
    },
    findings: () => inner?.findings() ?? [],
    digest: plan.digest,
  }
}

const nothing: Uint8Array = new Uint8Array(0)

/** The type that stands for a whole text, while texts are gathered. */
const wholeText = 'WHOLE_TEXT'

/** The texts at the paths of one rule, each once. */
async function textsOf(
  plan: DetectionPlan,
  index: number,
  compile: Compile,
  options: Options,
  body: Uint8Array,
  paced: Paced,
): Promise<readonly string[]> {
  const texts = new Set<string>()
  const find = (text: string) => (isProse(text) ? [[0, text.length] as const] : [])
  const { paths } = plan.rules[index] ?? {}
  const gathering = compile({
    ...plan,
    rules: [
      {
        id: wholeText,
        entities: [wholeText],
        ...(paths && { paths, keepsAnywhere: true }),
        confidence: 0,
        strategy: { kind: 'keep' },
      },
    ],
    custom: [{ id: wholeText, entity: wholeText, confidence: 100, find }],
  })
  const seen = ({ type, end, text }: SpanFound) => {
    if (type === wholeText && !isKey(body, end)) texts.add(text)
  }
  const masker = gathering.masker({ ...options, seen, eachLook: true })
  if (masker === undefined) return []
  await paced(() => [masker.push(body), masker.end()])
  return [...texts]
}

/** A key of JSON ends at `end`: what is at a path is its value. */
function isKey(body: Uint8Array, end: number): boolean {
  if (body[end] !== 0x22) return false
  let at = end + 1
  while (at < body.length && (body[at] ?? 0) <= 0x20) at += 1
  return body[at] === 0x3a
}

/** A text without a word of two letters names nobody. */
const isProse = (text: string): boolean => /\p{L}{2}/u.test(text)

async function answerTo(
  recognise: Recognise,
  asked: RecogniserQuestion,
): Promise<readonly (readonly Recognised[])[]> {
  try {
    return await recognise(asked)
  } catch (thrown) {
    throw new MaskError('the recogniser gave no answer', { cause: thrown })
  }
}

/** One custom rule for each entity, which finds in each text what the recogniser saw in it. */
async function answersOf(
  id: string,
  { texts, entities, confidence }: RecogniserQuestion,
  answers: readonly (readonly Recognised[])[],
  paced: Paced,
): Promise<readonly Custom[]> {
  const seen = new Map<string, ReturnType<typeof unproved>>()
  for (const [index, text] of texts.entries()) {
    seen.set(text, await paced(() => unproved(text, answers[index] ?? [])))
  }
  return entities.map((entity) => ({
    id: `${id}/recogniser`,
    entity,
    // It was told from where on one counts: each is at least as sure.
    confidence,
    find: (text) => seen.get(text)?.get(entity) ?? [],
  }))
}
