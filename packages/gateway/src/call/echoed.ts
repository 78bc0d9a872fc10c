import { scrubEchoes, scrubText } from '../mask/echo.ts'
import type { Credential } from '../model/secret.ts'

/** Whether a text of an upstream's holds the credential that it is called with, in any form it could be echoed in. */
export function isEchoed(text: string, { echoes }: Pick<Credential, 'echoes'>): boolean {
  return echoes.length > 0 && scrubText(text, echoes) !== text
}

/** The same bytes with each such form hidden, and how many there were. */
export function withoutEchoes(
  bytes: Uint8Array,
  { echoes }: Pick<Credential, 'echoes'>,
): { readonly bytes: Uint8Array; readonly count: number } {
  const scrubber = scrubEchoes(echoes)
  const clean = Buffer.concat([scrubber.push(bytes), scrubber.end()])
  return { bytes: clean, count: scrubber.count() }
}
