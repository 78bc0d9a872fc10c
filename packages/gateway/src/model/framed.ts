/** A head and the bytes it is about, as one byte string: the length of the head, its JSON, the bytes. */
export function framed(head: object, body: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(head))
  const bytes = new Uint8Array(4 + text.length + body.length)
  new DataView(bytes.buffer).setUint32(0, text.length)
  bytes.set(text, 4)
  bytes.set(body, 4 + text.length)
  return bytes
}

/** What `framed` was given: the caller knows what it was. Throws for what was cut off. */
export function unframed<Head>(bytes: Uint8Array): {
  readonly head: Head
  readonly body: Uint8Array
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const bodyAt = 4 + view.getUint32(0)
  if (bodyAt > bytes.length) throw new Error('these bytes were cut off')
  const head: Head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, bodyAt)))
  return { head, body: bytes.subarray(bodyAt) }
}
