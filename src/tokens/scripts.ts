/** The scripts (property Script of UAX 24) that Hugging Face `tokenizers` tells apart. */
const NAMES =
  "Latin Common Inherited Han Hiragana Katakana Cyrillic Arabic Greek Hangul Hebrew Devanagari Thai Adlam Ahom " +
  "Anatolian_Hieroglyphs Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki Bopomofo Brahmi Braille " +
  "Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee Coptic Cuneiform Cypriot Deseret " +
  "Duployan Egyptian_Hieroglyphs Elbasan Ethiopic Georgian Glagolitic Gothic Grantha Gujarati Gurmukhi Hanunoo Hatran " +
  "Imperial_Aramaic Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Kayah_Li Kharoshthi Khmer " +
  "Khojki Khudawadi Lao Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian Mahajani Malayalam Mandaic Manichaean Marchen " +
  "Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean " +
  "New_Tai_Lue Newa Nko Ogham Ol_Chiki Old_Hungarian Old_Italic Old_North_Arabian Old_Permic Old_Persian " +
  "Old_South_Arabian Old_Turkic Oriya Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician " +
  "Psalter_Pahlavi Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sora_Sompeng Sundanese " +
  "Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangut Telugu Thaana Thai Tibetan Tifinagh " +
  "Tirhuta Ugaritic Vai Warang_Citi Yi";

let tests: (readonly [string, RegExp])[] | undefined;
const known = new Map<string, string>();

/** The script of a character, kana counted as Han; "" for a blank and for what has no script. */
function scriptOf(character: string): string {
  const found = known.get(character);
  if (found !== undefined) return found;
  tests ??= NAMES.split(" ").map((name) => [name, new RegExp(`\\p{Script=${name}}`, "u")] as const);
  let script = tests.find(([, expression]) => expression.test(character))?.[0] ?? "";
  if (script === "Hiragana" || script === "Katakana" || character === "ー") script = "Han";
  if (character === " ") script = "";
  known.set(character, script);
  return script;
}

/** Cuts a text where the script changes, as SentencePiece's trainer does. Blanks belong to what they follow. */
export function cutScripts(text: string, cut: (from: number, to: number) => void): void {
  let from = -1;
  let last: string | undefined;
  let at = 0;
  for (const character of text) {
    const script = scriptOf(character);
    if (script !== "" && script !== last) {
      if (from >= 0) cut(from, at);
      [from, last] = [at, script];
    }
    at += character.length;
  }
  if (from >= 0) cut(from, at);
}
