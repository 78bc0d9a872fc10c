/** Paints text where the stream shows colour, and returns it as it is where it does not. */
export type Style = Readonly<Record<keyof typeof codes, (text: string) => string>>

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const

/**
 * Colour only on a terminal. `NO_COLOR` (any value, no-color.org) turns it off, `FORCE_COLOR` (other
 * than `0`) on; a terminal called `dumb` has none.
 */
export function styleOf(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): Style {
  const on = showsColour(stream, env)
  const paint =
    ([start, end]: readonly [number, number]) =>
    (text: string) =>
      on ? `\u001b[${start}m${text}\u001b[${end}m` : text
  return {
    bold: paint(codes.bold),
    dim: paint(codes.dim),
    red: paint(codes.red),
    green: paint(codes.green),
    yellow: paint(codes.yellow),
    cyan: paint(codes.cyan),
  }
}

function showsColour(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0'
  return stream.isTTY === true && env.TERM !== 'dumb'
}

/** What became of a call, as a sign beside the word; never the sign alone. */
export const marks = { ok: '✓', masked: '◐', held: '‖', refused: '✕', warning: '!' } as const
