/**
 * TCB versions of AMD platforms: eight bytes whose meaning depends on the product (AMD 56860, TCB_VERSION; AMD 57230 for
 * the extensions of the VCEK).
 *
 * @module
 */
import type { SnpTcb } from '../policy/rules.js'

/** Product lines with a root of their own. */
export type SnpProductLine = 'Milan' | 'Genoa' | 'Turin'

/** A TCB with every part present. */
export type FullSnpTcb = Required<{ [Part in keyof SnpTcb]: number }>

/** Byte of each part within the eight. */
const LAYOUT = {
  older: { bootloader: 0, tee: 1, snp: 6, microcode: 7 },
  turin: { fmc: 0, bootloader: 1, tee: 2, snp: 3, microcode: 7 }
} as const

/** Parts of a TCB version. */
export function decodeSnpTcb(bytes: Uint8Array, line: SnpProductLine): FullSnpTcb {
  const layout: {
    readonly fmc?: number
    readonly bootloader: number
    readonly tee: number
    readonly snp: number
    readonly microcode: number
  } = line === 'Turin' ? LAYOUT.turin : LAYOUT.older
  const at = (index: number | undefined): number => (index === undefined ? 0 : (bytes[index] ?? 0))
  return {
    fmc: at(layout.fmc),
    bootloader: at(layout.bootloader),
    tee: at(layout.tee),
    snp: at(layout.snp),
    microcode: at(layout.microcode)
  }
}

/** Whether no part of `tcb` lies below the same part of `floor`. */
export function reaches(tcb: FullSnpTcb, floor: FullSnpTcb): boolean {
  return PARTS.every((part) => tcb[part] >= floor[part])
}

/** One line, for reports. */
export function describeTcb(tcb: FullSnpTcb): string {
  return PARTS.map((part) => `${part} ${tcb[part]}`).join(', ')
}

const PARTS = ['fmc', 'bootloader', 'tee', 'snp', 'microcode'] as const
