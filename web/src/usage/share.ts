/** A part of a whole, as `1.2 %`. @param share from 0 to 1 */
export function formatShare(share: number): string {
  return share.toLocaleString(undefined, { style: 'percent', maximumFractionDigits: share < 0.1 ? 1 : 0 })
}
