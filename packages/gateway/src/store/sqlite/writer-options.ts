export type WriterOptions = {
  readonly path: string
  readonly instance: string
  readonly boot: string
  readonly origin: string
  readonly kek: Uint8Array
  readonly pagesMax: number | undefined
}
