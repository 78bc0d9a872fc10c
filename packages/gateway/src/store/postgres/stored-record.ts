import { connect, type Target } from './connection.ts'

/** How many records a database holds, and the one at `index`; also while gateways write to it. */
export async function storedRecord(
  target: Target,
  index: number,
): Promise<{ readonly size: number; readonly bytes: Uint8Array | undefined }> {
  const session = await connect(target, { name: 'doctor' })
  try {
    const held = await session.run('SELECT coalesce(max("index") + 1, 0) AS size FROM leaf')
    const found = await session.run('SELECT bytes FROM leaf WHERE "index" = $1', [index])
    const bytes = found.rows[0]?.bytes
    return {
      size: Number(held.rows[0]?.size),
      bytes: bytes instanceof Uint8Array ? bytes : undefined,
    }
  } finally {
    await session.close()
  }
}
