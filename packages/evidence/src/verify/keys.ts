import { formatVerifierKey } from '../key.ts'
import type { Trusted } from '../trust.ts'
import type { Scene, Watch } from './watch.ts'

/**
 * The log names its own keys: the genesis the first, each rotation the next. The newest checkpoint is
 * signed with one of them, so a key that an auditor trusts by mistake is noticed. A rotation that is said
 * twice says nothing else the second time.
 */
export function watchKeys(scene: Scene, { logKeys }: Trusted): Watch {
  const { report, isWhole } = scene
  const named = new Set<string>()
  const said = new Set<string>()
  let current: string | undefined
  return {
    see: ({ index, record }) => {
      if (record.type === 'log.genesis') {
        current = record.key
        named.add(record.key)
      } else if (record.type === 'key.rotated') {
        report.examined('signatures')
        const rotation = `${record.previous}\n${record.key}`
        if (said.has(rotation)) return
        said.add(rotation)
        const isBroken = current !== undefined && record.previous !== current
        if (isBroken) report.find('key-rotation-broken', { record: index })
        current = record.key
        named.add(record.key)
      }
    },
    end: () => {
      const isNamed = logKeys.some((key) => named.has(formatVerifierKey(key)))
      if (isWhole && named.size > 0 && !isNamed)
        report.find('key-unrecorded', { file: 'checkpoint' })
    },
  }
}
