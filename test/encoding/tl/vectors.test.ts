import { readSharedJson, sharedPath } from '../../support/shared.js'
import { test, expect } from 'vitest'
import { bytesToHex, hexToBytes } from '../../../src/encoding/index.js'
import { decodeTl, encodeTl } from '../../../src/encoding/tl/index.js'
const d = sharedPath('vectors/tl.json') ? readSharedJson<{examples:{what:string,hex:string}[]}>('vectors/tl.json').examples : []
for (const v of d) test(v.what.slice(0,80), () => { const o = decodeTl(hexToBytes(v.hex)); expect(bytesToHex(encodeTl(o))).toBe(v.hex); })
