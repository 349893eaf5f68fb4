/**
 * Vectors of the reference's implementation, as far as the sheet prints them (v3.md §2, vectors/e2e-v3.json): small enough
 * to stand here, so that the suite proves the scheme without the fact collection.
 *
 * @module
 */
import { bytesToHex, hexToBytes } from '../../src/encoding/index.js'
import type { Random } from '../../src/runtime/ports/clock.js'

/** Randomness that gives the listed pieces in order and refuses any other length. */
export function listedRandom(pieces: readonly (string | Uint8Array)[]): Random & { readonly left: number } {
  const queue = pieces.map((piece) => (typeof piece === 'string' ? hexToBytes(piece) : piece.slice()))
  return {
    bytes(length) {
      const next = queue.shift()
      if (next?.length !== length) throw new Error(`asked for ${length} bytes, listed are ${next?.length}`)
      return next
    },
    get left() {
      return queue.length
    }
  }
}

/** JSON without white space, names in the order of their UTF-8 bytes, as the reference writes it. */
export function dump(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(dump).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).toSorted(([a], [b]) =>
    bytesToHex(new TextEncoder().encode(a)) < bytesToHex(new TextEncoder().encode(b)) ? -1 : 1
  )
  return `{${entries.map(([name, item]) => `${JSON.stringify(name)}:${dump(item)}`).join(',')}}`
}

/** Key pairs of the vectors; the network's is the published test pair. */
export const KEYS = {
  clientSeed: '581d9510168b1f31eb73576734c362da60e379749547fb677f7eaf1cebb3cacf',
  clientPublic: 'e15d2cb875e3647392d79c2eb0029926829355573eb1b53bd3b186eece4f4173',
  clientU: 'ecd9483ecbfbaccaace41267e4b5022a4d6d05b6edffef4aacedb953dad4f225',
  networkSeed: '070ad82e6132dab32067fb720afd0060555a64f905bbec0dc2849088951b3a63',
  networkPublic: 'fb67d0fcd338f20e0d4957d9e82adc101d2e3513a448a3ab46052ee1b88c5818',
  networkPublicBase64: '+2fQ/NM48g4NSVfZ6CrcEB0uNROkSKOrRgUu4biMWBg=',
  networkU: 'eebbd66105097d3980d368129ee0e9cff1c41ec949547c7fdc108883462d8751',
  shared: '0e47b5a7192f8366bd00c80b14f471988e6347fcd972562c04fa7170cbf43c72',
  nonce: 'aUP+7XAmugQecg/fkhn4+hGuYAvrd6pWWQRl6wQTQXM='
} as const

/** Single strings under {@link KEYS}, direction `c`. */
export const STRINGS = [
  {
    text: '',
    random: '1190afae71056085d8977fa273fd4096',
    wire: 'ENC_0d799916f4fc4b40f08ed27b7d7c7cb2ba5923c9c2faa9d1f70fe29bf86b80b8'
  },
  {
    text: 'a',
    random: '94d3fc9e4c543fc397a546164121df2a22f0e37c087a49dbbba925e4bf4e65',
    wire: 'ENC_bbfae11ef9a06cb534aa121e4414f676bd5fc0a68c17e6581c13e7ea1f9eaf837cb3e26161dfccbc45e11a4428e8f4f9'
  },
  {
    text: 'exactly 16 bytes',
    random: 'fd9a9dde2988f8a7fa98ef997c1dba14',
    wire: 'ENC_6b83e3bab1e21b5cb01f22f536a96c0e2bf91aafb5b3cf0c8a1d52e692d4a18f0f580d9a087058f59cb7ed2543a7eded'
  },
  {
    text: 'Привет, мир 🌍',
    random: '5b9a259050cae4c75fc7e4ce91c6ec54c79b9b060c5556',
    wire: 'ENC_6966f82d36296d599364a9e030b0cc062a8307bad676dc258ae09bdc9dd2c9ab8395567e62b00a9b973922e5967742bf33432d25d2849cfc684c4a201c6076a3'
  }
] as const
