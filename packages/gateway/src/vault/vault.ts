import { Refusal } from '../call/refusal.ts'
import type { Raw, Recorded } from '../call/stage.ts'
import { tokenised } from '../mask/token.ts'
import { vaultUpstream } from '../model/connection.ts'
import type { Credential } from '../model/secret.ts'

/** Tokens of one call: more is an export, which is not what the vault is for. */
const tokensMax = 1000

type Forwarder = {
  readonly forward: (at: Recorded, credential: Credential) => Promise<Raw>
  readonly close: () => Promise<void>
}

/**
 * The same way out, with one more upstream: the vault in the house, where what masking has tokenised under `key`
 * is turned back, and nowhere else. It reads the argument `tokens` and answers `{"values":[{"token","type","value"}]}`
 * in their order, type and value null for what is no token of this gateway. A call of it is one like any other:
 * it needs a grant, and is recorded before and after. Refuses `upstream-failed` where there is no such argument.
 */
export function withVault({ forward, close }: Forwarder, key: Uint8Array): Forwarder {
  return {
    forward: async (at, credential) => {
      if (at.connection.upstream !== vaultUpstream) return forward(at, credential)
      return answer({ values: tokensOf(at).map((token) => turnedBack(token, key)) })
    },
    close,
  }
}

function turnedBack(token: string, key: Uint8Array) {
  return { token, ...(tokenised(token, key) ?? { type: null, value: null }) }
}

function tokensOf({ args }: Recorded): readonly string[] {
  const { tokens } = args.values
  const isList = Array.isArray(tokens) && tokens.every((one) => typeof one === 'string')
  if (isList && tokens.length <= tokensMax) return tokens
  throw new Refusal('upstream-failed', {
    detail: `The vault takes the argument \`tokens\`, a list of at most ${tokensMax} texts.`,
  })
}

function answer(value: unknown): Raw {
  const bytes = Buffer.from(JSON.stringify(value))
  return {
    state: 'raw',
    head: { status: 200, headers: [], mediaType: 'application/json' },
    body: (async function* () {
      yield bytes
    })(),
    fragment: false,
  }
}
