import type { Target } from './connection.ts'

export type WriterOptions = {
  readonly target: Target
  readonly instance: string
  readonly boot: string
  readonly kek: Uint8Array
  /** Where changes are told. */
  readonly channel: string
}
