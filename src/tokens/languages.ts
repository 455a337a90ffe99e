import { nearest, InputError } from "../errors/index.ts";
import { template, type SpecialToken } from "./family-files.ts";
import { makePostProcessor } from "./post-processors.ts";
import type { StageJson } from "./stages.ts";
import type { TokenizerConfig } from "./tokenizer-config.ts";
import { Tokenizer } from "./tokenizer.ts";

/** mBART's languages in the order of their ids (Liu et al. 2020). */
const FIRST =
  "ar_AR cs_CZ de_DE en_XX es_XX et_EE fi_FI fr_XX gu_IN hi_IN it_IT ja_XX kk_KZ ko_KR lt_LT lv_LV my_MM ne_NP nl_XX " +
  "ro_RO ru_RU si_LK tr_TR vi_VN zh_CN";
/** Those that mBART-50 added (Tang et al. 2020). */
const LATER =
  "af_ZA az_AZ bn_IN fa_IR he_IL hr_HR id_ID ka_GE km_KH mk_MK ml_IN mn_MN mr_IN pl_PL ps_AF pt_XX sv_SE sw_KE ta_IN " +
  "te_IN th_TH tl_XX uk_UA ur_PK xh_ZA gl_ES sl_SI";

function isFifty({ json }: TokenizerConfig): boolean {
  return /^MBart50Tokenizer/.test(String(json["tokenizer_class"]));
}

/** The language codes of mBART, or of mBART-50. */
export function mbartLanguages(config: TokenizerConfig): string[] {
  return (isFifty(config) ? `${FIRST} ${LATER}` : FIRST).split(" ");
}

/** mBART puts the language after the end of the text, mBART-50 before the text. */
export function languageTemplate(language: SpecialToken, eos: SpecialToken, config: TokenizerConfig): StageJson {
  const [before, after] = isFifty(config) ? [[language.token], [eos.token]] : [[], [eos.token, language.token]];
  return template([...before, "A", ...after], [...before, "A", "B", ...after], [language, eos]);
}

/** The language codes that a tokenizer has a token for, in the order of their ids: mBART's `fr_XX`, Marian's `>>fra<<`. */
export function languagesOf(tokenizer: Tokenizer): string[] {
  return (tokenizer.parts.addedTokens ?? [])
    .map(({ content }) => content)
    .filter((content) => /^[a-z]{2,3}_[A-Z][A-Za-z]+$|^>>.+<<$/.test(content));
}

/**
 * mBART's tokenizer for texts in another language: the tokenizer of the source for the texts to translate, that of the
 * target for the translations. Throws InputError for a language that it does not know, naming those it does.
 */
export function forLanguage(tokenizer: Tokenizer, code: string): Tokenizer {
  const codes = languagesOf(tokenizer);
  const { eos } = tokenizer.special;
  const id = tokenizer.tokenToId(code);
  if (!codes.includes(code) || id === undefined || eos === undefined) {
    const near = nearest(code, codes);
    throw new InputError(
      `The tokenizer has no language ${JSON.stringify(code)}${near === undefined ? "" : `; did you mean "${near}"?`} ` +
        (codes.length === 0 ? "It has no languages at all." : `Known: ${codes.join(", ")}.`),
    );
  }
  const { config } = tokenizer.parts;
  const json = code.startsWith(">>")
    ? template([code, "A", eos.token], [code, "A", "B", eos.token], [{ token: code, id }, eos])
    : languageTemplate({ token: code, id }, eos, config ?? { json: {}, special: {}, additional: [], added: [] });
  return new Tokenizer({ ...tokenizer.parts, postProcessor: makePostProcessor(json) });
}
