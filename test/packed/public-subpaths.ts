/**
 * The public subpaths, kept by hand, with names that each must export. Adding a subpath means adding it here, in
 * package.json and in tsup.config.ts.
 *
 * @module
 */
export const PUBLIC_SUBPATHS: Readonly<Record<string, readonly string[]>> = {
  './ai-sdk': ['createCocoonProvider'],
  './langchain': ['ChatCocoon'],
  './openai': ['createOpenAI'],
  '.': ['Cocoon', 'CocoonError'],
  './attestation': ['verifyTdxQuote', 'verifySnpReport', 'verifyCertificate', 'tdxImageHash'],
  './browser': ['relayDialer', 'openIndexedDbLedgerStore'],
  './devnet': ['startDevnet', 'fromDevnet'],
  './envelope': ['encryptRequest', 'decryptAnswer', 'EnvelopeError'],
  './gateway': ['createGateway'],
  './node': ['nativeTlsEngine', 'nodeDialer', 'openFileLedgerStore', 'toNodeListener'],
  './relay': ['startRelay', 'RelayPolicy'],
  './ton': ['parseRootState', 'clientAddress', 'proxyAddress'],
  './unsafe': ['acceptAnyPeer', 'acceptFakeTee']
}
