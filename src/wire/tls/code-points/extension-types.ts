/**
 * Extension types, RFC 8446 §4.2; only those that the profile names.
 *
 * @module
 */
export const supportedGroups = 10
export const signatureAlgorithms = 13
export const supportedVersions = 43
export const cookie = 44
export const keyShare = 51
