/**
 * The trust file (c2sp.org/tlog-policy) an auditor takes away: the log's keys, who witnesses it, and how many
 * of them have to. Keys that no longer sign are not in it: whoever stole one could sign with it for ever, and of
 * archived checkpoints the log itself says whose they are (`key.rotated`).
 */
export function trustText(given: {
  readonly origin: string
  /** Note verifier keys of the log, those that sign now. */
  readonly logKeys: readonly string[]
  readonly witnesses: readonly {
    readonly name: string
    readonly key: string
    readonly url: string
  }[]
  readonly quorum: 'all' | 'any' | 'none' | number
}): string {
  const { origin, logKeys, witnesses, quorum } = given
  const names = witnesses.map(({ name }) => name)
  const lines = [
    `# Whom to trust about the log ${origin}. Keep it where the log's operator cannot change it.`,
    ...logKeys.map((key) => `log ${key}`),
    ...witnesses.map(({ name, key, url }) => `witness ${name} ${key} ${url}`),
    ...(quorum === 'none' || names.length === 0
      ? ['quorum none']
      : [`group ${groupName(names)} ${quorum} ${names.join(' ')}`, `quorum ${groupName(names)}`]),
  ]
  return `${lines.join('\n')}\n`
}

/** Witnesses and groups share their names. */
function groupName(taken: readonly string[]): string {
  for (let name = 'witnesses'; ; name += '-') if (!taken.includes(name)) return name
}
