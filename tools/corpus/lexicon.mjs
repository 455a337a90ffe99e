// Nouns, adjectives, names, places and times, as tables. French on the left, the one English word on the right.

/** @typedef {"m" | "f"} Gender */
/** @typedef {{ singular: string, plural: string, gender: Gender, en: string, enPlural: string, kind: string }} Noun */
/** @typedef {{ forms: Record<"m" | "f" | "mp" | "fp", string>, en: string, before: boolean, kinds: readonly string[], comparative?: string }} Adjective */
/** @typedef {{ name: string, en: string, article: "le" | "la" | "les" | "", gender: Gender }} Place */

/** Kind: then `singular plural gender English plural`; a mass noun has "-" for its plurals. */
const NOUNS_TEXT = `
person: femme femmes f woman women | homme hommes m man men | fille filles f girl girls | garçon garçons m boy boys
acquaintance: médecin médecins m doctor doctors | professeur professeurs m teacher teachers | enfant enfants m child children
friend: ami amis m friend friends | amie amies f friend friends | voisin voisins m neighbor neighbors
family: frère frères m brother brothers | sœur sœurs f sister sisters | mère - f mother - | père - m father -
pet: chat chats m cat cats | chien chiens m dog dogs | oiseau oiseaux m bird birds
horse: cheval chevaux m horse horses
food: pomme pommes f apple apples | orange oranges f orange oranges | gâteau gâteaux m cake cakes | œuf œufs m egg eggs
meal: pain - m bread - | fromage - m cheese - | soupe - f soup - | viande - f meat -
drink: café - m coffee - | thé - m tea - | eau - f water - | lait - m milk -
text: livre livres m book books | lettre lettres f letter letters
news: journal journaux m newspaper newspapers
story: histoire histoires f story stories
film: film films m movie movies
song: chanson chansons f song songs
music: musique - f music -
wheels: voiture voitures f car cars | vélo vélos m bike bikes
thing: fleur fleurs f flower flowers | cadeau cadeaux m gift gifts | clé clés f key keys | photo photos f photo photos
furniture: table tables f table tables | chaise chaises f chair chairs | lit lits m bed beds
clothes: robe robes f dress dresses | chemise chemises f shirt shirts | chapeau chapeaux m hat hats | manteau manteaux m coat coats
opening: porte portes f door doors | fenêtre fenêtres f window windows | boîte boîtes f box boxes
building: maison maisons f house houses | école écoles f school schools | musée musées m museum museums | hôtel hôtels m hotel hotels | hôpital hôpitaux m hospital hospitals | marché marchés m market markets | restaurant restaurants m restaurant restaurants | gare gares f station stations | château châteaux m castle castles | église églises f church churches
room: cuisine cuisines f kitchen kitchens | chambre chambres f bedroom bedrooms | jardin jardins m garden gardens | bureau bureaux m office offices
lesson: leçon leçons f lesson lessons | langue langues f language languages
nature: arbre arbres m tree trees | rivière rivières f river rivers
vehicle: train trains m train trains | bus bus m bus buses
`;

/** @type {readonly Noun[]} */
export const NOUNS = NOUNS_TEXT.trim()
  .split("\n")
  .flatMap((row) => {
    const [kind = "", entries = ""] = row.split(": ");
    return entries.split(" | ").map((entry) => {
      const [singular = "", plural = "", gender = "m", en = "", enPlural = ""] = entry.split(" ");
      return { singular, plural, gender: /** @type {Gender} */ (gender), en, enPlural, kind };
    });
  });

export const MASS = new Set(["meal", "drink", "music"]);
export const PEOPLE = ["person", "acquaintance", "friend", "family"];

/** Forms m, f, m plural, f plural; position; English; comparative ("-" has none); the kinds of noun it fits. */
const ADJECTIVES_TEXT = `
grand grande grands grandes before big bigger: pet horse furniture building room opening nature thing wheels
petit petite petits petites before small smaller: person pet horse furniture building room opening nature
beau belle beaux belles before beautiful -: pet horse thing wheels clothes building room nature text news story film song
nouveau nouvelle nouveaux nouvelles before new -: thing wheels clothes building text news story film song acquaintance friend furniture
vieux vieille vieux vieilles before old older: person acquaintance friend pet horse thing wheels clothes building text news story film song furniture opening nature vehicle
bon bonne bons bonnes before good -: food meal drink text news story film song acquaintance friend
jeune jeune jeunes jeunes before young younger: person acquaintance friend pet horse
rouge rouge rouges rouges after red -: thing wheels clothes furniture opening vehicle
bleu bleue bleus bleues after blue -: thing wheels clothes furniture opening vehicle pet horse
vert verte verts vertes after green -: thing wheels clothes furniture opening vehicle
blanc blanche blancs blanches after white -: pet horse thing wheels clothes furniture building opening
noir noire noirs noires after black -: pet horse thing wheels clothes furniture opening
intéressant intéressante intéressants intéressantes after interesting -: text news story film lesson building
difficile difficile difficiles difficiles after difficult -: lesson song
facile facile faciles faciles after easy -: lesson song
célèbre célèbre célèbres célèbres after famous -: text news story film song building acquaintance friend
cher chère chers chères after expensive -: thing wheels clothes food meal furniture building
chaud chaude chauds chaudes after hot -: meal drink
froid froide froids froides after cold -: meal drink
délicieux délicieuse délicieux délicieuses after delicious -: food meal
français française français françaises after French -: acquaintance friend film song text news story meal
italien italienne italiens italiennes after Italian -: acquaintance friend film song meal clothes
japonais japonaise japonais japonaises after Japanese -: acquaintance friend film text news story
intelligent intelligente intelligents intelligentes after intelligent -: person acquaintance friend pet horse
heureux heureuse heureux heureuses after happy happier: person acquaintance friend family
malade malade malades malades after sick -: person acquaintance friend family pet horse
fatigué fatiguée fatigués fatiguées after tired -: person acquaintance friend family pet horse
`;

/** @type {readonly Adjective[]} */
export const ADJECTIVES = ADJECTIVES_TEXT.trim()
  .split("\n")
  .map((row) => {
    const [head = "", kinds = ""] = row.split(": ");
    const [m = "", f = "", mp = "", fp = "", position, en = "", comparative = "-"] = head.split(" ");
    return {
      forms: { m, f, mp, fp },
      en,
      before: position === "before",
      kinds: kinds.split(" "),
      ...(comparative === "-" ? {} : { comparative }),
    };
  });

/** A "vieux garçon" is a bachelor and a "vieille fille" a spinster; what is old is not a child. */
const NOT_OLD = ["fille", "garçon", "enfant"];

/** The adjectives that go with a noun. @returns {Adjective[]} */
export function fittingAdjectives(/** @type {Pick<Noun, "kind" | "singular">} */ { kind, singular }) {
  return ADJECTIVES.filter(({ kinds, en }) => kinds.includes(kind) && !(en === "old" && NOT_OLD.includes(singular)));
}

/** @type {readonly { name: string, gender: Gender }[]} */
export const NAMES = [
  ...["Jane", "Marie", "Sophie", "Anna", "Claire", "Julie"].map((name) => ({
    name,
    gender: /** @type {Gender} */ ("f"),
  })),
  ...["Paul", "Pierre", "Marc", "Louis", "Thomas", "Alain"].map((name) => ({
    name,
    gender: /** @type {Gender} */ ("m"),
  })),
];

const COUNTRIES_TEXT = `
la: France France | Italie Italy | Espagne Spain | Chine China | Inde India | Suisse Switzerland | Allemagne Germany | Grèce Greece | Afrique Africa | Asie Asia | Europe Europe | Amérique America
le: Canada Canada | Japon Japan | Brésil Brazil | Mexique Mexico | Maroc Morocco
les: États-Unis United_States | Pays-Bas Netherlands
: Paris Paris | Londres London | Rome Rome | Berlin Berlin | Moscou Moscow | Pékin Beijing | Athènes Athens | Vienne Vienna
`;

/** Continents, countries with their article, and cities without one. @type {readonly Place[]} */
export const PLACES = COUNTRIES_TEXT.trim()
  .split("\n")
  .flatMap((row) => {
    const [article = "", entries = ""] = row.split(": ").length === 2 ? row.split(": ") : ["", row.slice(2)];
    return entries.split(" | ").map((entry) => {
      const [name = "", en = ""] = entry.split(" ");
      const gender = /** @type {Gender} */ (article === "la" ? "f" : "m");
      return { name, en: en.replace("_", " "), article: /** @type {Place["article"]} */ (article.trim()), gender };
    });
  });

/** @param {string} text @returns {[string, string][]} */
const table = (text) => text.split(" | ").map((entry) => /** @type {[string, string]} */ (entry.split(" ")));

export const MONTHS = table(
  "janvier January | février February | mars March | avril April | mai May | juin June | juillet July | août August | septembre September | octobre October | novembre November | décembre December",
);
export const DAYS = table(
  "lundi Monday | mardi Tuesday | mercredi Wednesday | jeudi Thursday | vendredi Friday | samedi Saturday | dimanche Sunday",
);
export const NUMBERS = table(
  "deux two | trois three | quatre four | cinq five | six six | sept seven | huit eight | dix ten",
);
export const FREQUENCY = table("souvent often | toujours always | parfois sometimes | rarement rarely");
