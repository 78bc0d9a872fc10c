// The one public entry of this package: what others import from '@sallyport/evidence'.
// biome-ignore-all lint/performance/noBarrelFile: a package has one door, this is it.
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
export { type BundleSource, urlSource } from './source.ts'
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
export {
  type VerifyOptions,
  verifyBundle,
} from './verify/bundle.ts'
export type { CheckName, FindingCode } from './verify/codes.ts'
export type {
  CheckResult,
  Finding,
  Scope,
  Verdict,
} from './verify/verdict.ts'
export { type PackFlaw, type PackVerdict, packFlaws, verifyPack } from './verify-pack.ts'
export { blobAccess, openZip, type RandomAccess } from './zip.ts'
