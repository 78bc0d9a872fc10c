import type { FunctionDescription } from './function.ts'

/**
 * What a session is labelled with from the moment a call of this function is forwarded: its taints, and `confidential`
 * or more as its sensitivity is, so that `confidential` means at least that.
 */
export function labelsBrought(
  fn: Pick<FunctionDescription, 'taints' | 'sensitivity'>,
): readonly string[] {
  const level = levels.indexOf(fn.sensitivity)
  return [...(fn.taints ?? []), ...levels.slice(0, level + 1)]
}

const levels: readonly FunctionDescription['sensitivity'][] = ['confidential', 'restricted']
