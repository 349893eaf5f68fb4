/**
 * Where facts of the chain come from: ports, adapters, agreement of several sources, proofs.
 *
 * @module
 */
export { verifyAccountProof } from './account-proof.js'
export type { HttpSourceOptions } from './http-client.js'
export { provenReader, type ProvenReaderOptions } from './proven-reader.js'
export { quorum } from './quorum.js'
export { tonApiV4 } from './ton-api-v4.js'
export { tonapi } from './tonapi.js'
export { toncenterV2 } from './toncenter-v2.js'
export { toncenterV3 } from './toncenter-v3.js'
export type {
  AccountProof,
  AccountState,
  AccountStatus,
  AddressInput as ChainAddressInput,
  ChainCallOptions,
  ChainMessage,
  ChainReader,
  ChainSender,
  ChainSource,
  ChainTransaction,
  MasterchainBlock,
  ProofSource,
  TransactionId,
  TransactionQuery
} from './types.js'
