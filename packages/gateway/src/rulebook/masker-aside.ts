import { type Finding, MaskError, type MaskerAside, type Recognise } from '../mask/plan.ts'
import type { MaskAsked, MaskSaid, ResultJob } from './mask-message.ts'

/** What is said about one body to the thread that masks it. */
type Line = {
  readonly tell: (message: MaskAsked) => void
  /** Rejects when the thread ends before it answers. */
  readonly ask: (message: MaskAsked) => Promise<MaskSaid>
  readonly onOver: () => void
}

/** The masker of one result in the other thread, as this one sees it. */
export function openMaskerAside(job: ResultJob, line: Line): MaskerAside {
  let findings: readonly Finding[] = []
  let micros = 0
  let isOver = false
  const over = () => {
    isOver = true
    line.onOver()
  }
  const step = async (message: MaskAsked) => {
    const said = await line.ask(message).catch((thrown) => {
      over()
      throw thrown
    })
    if (said.kind === 'masked') throw new MaskError('arguments were answered')
    micros = said.micros ?? micros
    findings = said.findings ?? findings
    if (said.kind !== 'problem') return said
    over()
    throw new MaskError(said.problem)
  }
  const released = async (message: MaskAsked): Promise<Uint8Array> => {
    const said = await step(message)
    if (said.kind === 'question') throw new MaskError('a recogniser was to be asked')
    return said.bytes
  }
  line.tell({ kind: 'open', ...job })
  return {
    push: (pieces) =>
      released({ kind: 'push', pieces: pieces.map((piece) => new Uint8Array(piece)) }),
    ask: async (recognise) => {
      let said = await step({ kind: 'ask' })
      while (said.kind === 'question') {
        const answers = await answersOf(recognise, said.question)
        said = await step({ kind: 'recognised', answers })
      }
    },
    end: async () => {
      const rest = await released({ kind: 'end' })
      over()
      return rest
    },
    findings: () => findings,
    micros: () => micros,
    drop: () => {
      if (isOver) return
      over()
      line.tell({ kind: 'drop' })
    },
  }
}

async function answersOf(
  recognise: Recognise,
  question: Parameters<Recognise>[0],
): ReturnType<Recognise> {
  try {
    return await recognise(question)
  } catch (thrown) {
    throw new MaskError('the recogniser gave no answer', { cause: thrown })
  }
}
