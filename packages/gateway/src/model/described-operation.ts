/** One operation as an upstream describes it. */
export type DescribedOperation = {
  /** Method and path: `GET /customers/{id}`. */
  readonly operation: string
  /** What an import names it, unique in its document. */
  readonly name: string
  /** Canonical JSON of everything the document says of it, what it refers to included. */
  readonly text: string
  /** `sha256:<hex>` of `text`. */
  readonly digest: string
}
