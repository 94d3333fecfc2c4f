/** The items of a header that is a list, without the white space around them. Its time grows with the text alone. */
export function headerList(text: string): readonly string[] {
  return text.split(',').map((item) => item.trim())
}
