import type { ArgumentsRead } from './arguments.ts'

/**
 * The arguments of a retry that brings answers (`inputResponses`): what is approved and recorded covers both, and both
 * are masked.
 */
export function withAnswers(read: ArgumentsRead, answers: Uint8Array | undefined): ArgumentsRead {
  if (!answers) return read
  const { args, paramsWith } = read
  const parts = { values: args.bytes, answers }
  return {
    args: { ...args, bytes: together(args.bytes, answers), parts },
    paramsWith: (masked) => {
      const { params, bytes } = paramsWith(masked)
      if (masked && !masked.answers) throw new Error('answers were not masked')
      return { params, bytes: together(bytes, masked?.answers ?? answers) }
    },
  }
}

function together(values: Uint8Array, answers: Uint8Array): Uint8Array {
  const [head, middle, end] = ['{"arguments":', ',"inputResponses":', '}'].map((text) =>
    Buffer.from(text),
  )
  return Buffer.concat([head, values, middle, answers, end].flatMap((part) => part ?? []))
}
