// The door for what keeps a log rather than verifies one: a gateway or a witness need not load the verifier.
// biome-ignore-all lint/performance/noBarrelFile: a package has few doors, this is one.
export { type Checkpoint, formatCheckpoint, parseCheckpoint } from './checkpoint.ts'
export { cosign } from './cosignature.ts'
export { EvidenceError, type EvidenceErrorCode } from './error.ts'
export {
  emptyFrontier,
  type Frontier,
  frontierRoot,
  type Growth,
  growTree,
  type HashTile,
  readFrontier,
} from './frontier.ts'
export { emptyRoot, hmacSha256, leafHash, nodeHash, sha256 } from './hash.ts'
export {
  cosignatureType,
  ed25519Type,
  formatSigner,
  formatVerifierKey,
  type KeyType,
  newSigner,
  parseSigner,
  parseVerifierKey,
  type Signer,
  type VerifierKey,
} from './key.ts'
export { rootFromLeafHashes, verifyConsistency, verifyInclusion } from './merkle.ts'
export {
  type Note,
  type NoteSignature,
  parseNote,
  type SignedBy,
  signNote,
  verifyNote,
} from './note.ts'
export { formatProof, type Proof, parseProof, type VerifiedProof, verifyProof } from './proof.ts'
export { consistencyProof, inclusionProof, type ReadNode } from './prove.ts'
export {
  encodeEntries,
  entriesPath,
  parseEntries,
  parseTilePath,
  type Tile,
  tilePath,
  tilesFor,
  tileWidth,
} from './tile.ts'
export { checkTrust, parseTrust, type Trust, type Trusted } from './trust.ts'
