/**
 * Sentences of corpus/french-english, train: who visits where and when. French, English, and which words correspond
 * (source-target, counted from 0).
 */
import { parseAlignment, type Alignment } from "heed/data";

/** A sentence, its translation and its gold alignment. */
export interface Visit {
  readonly source: string;
  readonly target: string;
  readonly alignment: Alignment;
}

const lines = `
Thomas a visité Vienne en novembre.|Thomas visited Vienna in November.|0-0 1-1 2-1 3-2 4-3 5-4 6-5
Marie visite Athènes en octobre.|Marie visits Athens in October.|0-0 1-1 2-2 3-3 4-4 5-5
Louis a visité l'Amérique en juillet.|Louis visited America in July.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Sophie visite Paris en décembre|Sophie visits Paris in December|0-0 1-1 2-2 3-3 4-4
Sophie veut visiter la Chine en avril.|Sophie wants to visit China in April.|0-0 1-1 2-2 2-3 4-4 5-5 6-6 7-7
Jane visite le Mexique en avril.|Jane visits Mexico in April.|0-0 1-1 3-2 4-3 5-4 6-5
Marie ne visite pas l'Afrique en juillet.|Marie does not visit Africa in July.|0-0 1-2 2-1 2-3 3-2 5-4 6-5 7-6 8-7
Paul visite le Japon en janvier.|Paul visits Japan in January.|0-0 1-1 3-2 4-3 5-4 6-5
Marie visitera le Japon en mars.|Marie will visit Japan in March.|0-0 1-1 1-2 3-3 4-4 5-5 6-6
Marie a visité Vienne en mars.|Marie visited Vienna in March.|0-0 1-1 2-1 3-2 4-3 5-4 6-5
Marc doit visiter le Maroc en août.|Marc must visit Morocco in August.|0-0 1-1 2-2 4-3 5-4 6-5 7-6
Paul a visité Berlin en janvier|Paul visited Berlin in January|0-0 1-1 2-1 3-2 4-3 5-4
Anna visite l'Europe en février.|Anna visits Europe in February.|0-0 1-1 3-2 4-3 5-4 6-5
Alain ne visite pas Paris en septembre.|Alain does not visit Paris in September.|0-0 1-2 2-1 2-3 3-2 4-4 5-5 6-6 7-7
Marc visite la Grèce en septembre.|Marc visits Greece in September.|0-0 1-1 3-2 4-3 5-4 6-5
Marc visite Athènes en mai.|Marc visits Athens in May.|0-0 1-1 2-2 3-3 4-4 5-5
Thomas visite l'Espagne en novembre.|Thomas visits Spain in November.|0-0 1-1 3-2 4-3 5-4 6-5
Sophie visite le Maroc en novembre.|Sophie visits Morocco in November.|0-0 1-1 3-2 4-3 5-4 6-5
Marie visite Rome en septembre|Marie visits Rome in September|0-0 1-1 2-2 3-3 4-4
Paul a visité le Maroc en octobre.|Paul visited Morocco in October.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Paul a visité le Maroc en février.|Paul visited Morocco in February.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Sophie visite l'Europe en janvier.|Sophie visits Europe in January.|0-0 1-1 3-2 4-3 5-4 6-5
Marie visite l'Espagne en novembre.|Marie visits Spain in November.|0-0 1-1 3-2 4-3 5-4 6-5
Sophie visite la Chine en mars.|Sophie visits China in March.|0-0 1-1 3-2 4-3 5-4 6-5
Marie visitait l'Europe en décembre.|Marie used to visit Europe in December.|0-0 1-1 1-2 1-3 3-4 4-5 5-6 6-7
Jane visite Berlin en juin.|Jane visits Berlin in June.|0-0 1-1 2-2 3-3 4-4 5-5
Alain visite l'Amérique en octobre.|Alain visits America in October.|0-0 1-1 3-2 4-3 5-4 6-5
Claire visite l'Inde en août.|Claire visits India in August.|0-0 1-1 3-2 4-3 5-4 6-5
Jane a visité les États-Unis en juin.|Jane visited the United States in June.|0-0 1-1 2-1 3-2 4-3 4-4 5-5 6-6 7-7
Pierre visite la Chine en août.|Pierre visits China in August.|0-0 1-1 3-2 4-3 5-4 6-5
Julie visite Athènes en mars.|Julie visits Athens in March.|0-0 1-1 2-2 3-3 4-4 5-5
Claire visite les États-Unis en juillet.|Claire visits the United States in July.|0-0 1-1 2-2 3-3 3-4 4-5 5-6 6-7
Anna visitera Rome en août.|Anna will visit Rome in August.|0-0 1-1 1-2 2-3 3-4 4-5 5-6
Marie visite Rome en janvier|Marie visits Rome in January|0-0 1-1 2-2 3-3 4-4
Paul veut visiter l'Inde en janvier.|Paul wants to visit India in January.|0-0 1-1 2-2 2-3 4-4 5-5 6-6 7-7
Louis visite l'Espagne en septembre.|Louis visits Spain in September.|0-0 1-1 3-2 4-3 5-4 6-5
Marie visitait le Mexique en septembre.|Marie used to visit Mexico in September.|0-0 1-1 1-2 1-3 3-4 4-5 5-6 6-7
Marie peut visiter l'Espagne en avril.|Marie can visit Spain in April.|0-0 1-1 2-2 4-3 5-4 6-5 7-6
Claire visite Vienne en août.|Claire visits Vienna in August.|0-0 1-1 2-2 3-3 4-4 5-5
Pierre visite l'Asie en octobre.|Pierre visits Asia in October.|0-0 1-1 3-2 4-3 5-4 6-5
Julie visitera le Japon en mars.|Julie will visit Japan in March.|0-0 1-1 1-2 3-3 4-4 5-5 6-6
Marie visite Berlin en février.|Marie visits Berlin in February.|0-0 1-1 2-2 3-3 4-4 5-5
Marie visite l'Espagne en mars.|Marie visits Spain in March.|0-0 1-1 3-2 4-3 5-4 6-5
Anna visite le Japon en novembre.|Anna visits Japan in November.|0-0 1-1 3-2 4-3 5-4 6-5
Anna visite la Grèce en février|Anna visits Greece in February|0-0 1-1 3-2 4-3 5-4
Claire visite le Maroc en septembre.|Claire visits Morocco in September.|0-0 1-1 3-2 4-3 5-4 6-5
Il visite la Grèce en décembre|He visits Greece in December|0-0 1-1 3-2 4-3 5-4
Louis peut visiter la Chine en août.|Louis can visit China in August.|0-0 1-1 2-2 4-3 5-4 6-5 7-6
Marie visite Londres en octobre.|Marie visits London in October.|0-0 1-1 2-2 3-3 4-4 5-5
Marc visite Londres en septembre.|Marc visits London in September.|0-0 1-1 2-2 3-3 4-4 5-5
Marie a visité la Chine en septembre.|Marie visited China in September.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Elle veut visiter l'Inde en septembre|She wants to visit India in September|0-0 1-1 2-2 2-3 4-4 5-5 6-6
Sophie visite l'Amérique en janvier.|Sophie visits America in January.|0-0 1-1 3-2 4-3 5-4 6-5
Alain visite les Pays-Bas en mars.|Alain visits the Netherlands in March.|0-0 1-1 2-2 3-3 4-4 5-5 6-6
Alain visite Vienne en août.|Alain visits Vienna in August.|0-0 1-1 2-2 3-3 4-4 5-5
Marc visite la Chine en février.|Marc visits China in February.|0-0 1-1 3-2 4-3 5-4 6-5
Alain visite la France en juin.|Alain visits France in June.|0-0 1-1 3-2 4-3 5-4 6-5
Anna visite l'Europe en mai.|Anna visits Europe in May.|0-0 1-1 3-2 4-3 5-4 6-5
Claire visite la Chine en mai|Claire visits China in May|0-0 1-1 3-2 4-3 5-4
Alain ne visitera pas les Pays-Bas en juillet.|Alain will not visit the Netherlands in July.|0-0 1-2 2-1 2-3 3-2 4-4 5-5 6-6 7-7 8-8
Marc visite le Brésil en février.|Marc visits Brazil in February.|0-0 1-1 3-2 4-3 5-4 6-5
Sophie ne visite pas le Maroc en août|Sophie does not visit Morocco in August|0-0 1-2 2-1 2-3 3-2 5-4 6-5 7-6
Jane visitera Athènes en avril.|Jane will visit Athens in April.|0-0 1-1 1-2 2-3 3-4 4-5 5-6
Marc visite les Pays-Bas en novembre.|Marc visits the Netherlands in November.|0-0 1-1 2-2 3-3 4-4 5-5 6-6
Marc visite les États-Unis en septembre|Marc visits the United States in September|0-0 1-1 2-2 3-3 3-4 4-5 5-6
Marc a visité Berlin en juin.|Marc visited Berlin in June.|0-0 1-1 2-1 3-2 4-3 5-4 6-5
Anna a visité Vienne en janvier|Anna visited Vienna in January|0-0 1-1 2-1 3-2 4-3 5-4
Thomas visite la Chine en février.|Thomas visits China in February.|0-0 1-1 3-2 4-3 5-4 6-5
Sophie veut visiter le Mexique en juillet.|Sophie wants to visit Mexico in July.|0-0 1-1 2-2 2-3 4-4 5-5 6-6 7-7
Alain visite l'Amérique en février.|Alain visits America in February.|0-0 1-1 3-2 4-3 5-4 6-5
Elle veut visiter l'Amérique en août.|She wants to visit America in August.|0-0 1-1 2-2 2-3 4-4 5-5 6-6 7-7
Jane visitait l'Europe en août.|Jane used to visit Europe in August.|0-0 1-1 1-2 1-3 3-4 4-5 5-6 6-7
Thomas visite l'Asie en avril.|Thomas visits Asia in April.|0-0 1-1 3-2 4-3 5-4 6-5
Marc a visité l'Amérique en avril.|Marc visited America in April.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Paul a visité Paris en juillet.|Paul visited Paris in July.|0-0 1-1 2-1 3-2 4-3 5-4 6-5
Claire visite le Brésil en décembre.|Claire visits Brazil in December.|0-0 1-1 3-2 4-3 5-4 6-5
Marc visite la France en janvier|Marc visits France in January|0-0 1-1 3-2 4-3 5-4
Paul visite les Pays-Bas en janvier.|Paul visits the Netherlands in January.|0-0 1-1 2-2 3-3 4-4 5-5 6-6
Anna va visiter les Pays-Bas en octobre.|Anna is going to visit the Netherlands in October.|0-0 1-1 1-2 2-3 2-4 3-5 4-6 5-7 6-8 7-9
Jane visite les États-Unis en octobre.|Jane visits the United States in October.|0-0 1-1 2-2 3-3 3-4 4-5 5-6 6-7
Louis doit visiter l'Europe en octobre.|Louis must visit Europe in October.|0-0 1-1 2-2 4-3 5-4 6-5 7-6
Julie visite les Pays-Bas en mars.|Julie visits the Netherlands in March.|0-0 1-1 2-2 3-3 4-4 5-5 6-6
Alain ne visite pas l'Espagne en décembre.|Alain does not visit Spain in December.|0-0 1-2 2-1 2-3 3-2 5-4 6-5 7-6 8-7
Sophie va visiter la Chine en octobre|Sophie is going to visit China in October|0-0 1-1 1-2 2-3 2-4 4-5 5-6 6-7
Anna visitera la France en novembre.|Anna will visit France in November.|0-0 1-1 1-2 3-3 4-4 5-5 6-6
Marc visite l'Asie en avril.|Marc visits Asia in April.|0-0 1-1 3-2 4-3 5-4 6-5
Jane visitera Berlin en mars.|Jane will visit Berlin in March.|0-0 1-1 1-2 2-3 3-4 4-5 5-6
Claire visite l'Amérique en août.|Claire visits America in August.|0-0 1-1 3-2 4-3 5-4 6-5
Claire visite la France en mai.|Claire visits France in May.|0-0 1-1 3-2 4-3 5-4 6-5
Marc ne visite pas l'Europe en août.|Marc does not visit Europe in August.|0-0 1-2 2-1 2-3 3-2 5-4 6-5 7-6 8-7
Paul visite le Maroc en février.|Paul visits Morocco in February.|0-0 1-1 3-2 4-3 5-4 6-5
Julie peut visiter l'Espagne en octobre.|Julie can visit Spain in October.|0-0 1-1 2-2 4-3 5-4 6-5 7-6
Pierre ne visite pas Athènes en juin.|Pierre does not visit Athens in June.|0-0 1-2 2-1 2-3 3-2 4-4 5-5 6-6 7-7
Julie va visiter le Japon en mai.|Julie is going to visit Japan in May.|0-0 1-1 1-2 2-3 2-4 4-5 5-6 6-7 7-8
Jane visite l'Italie en avril.|Jane visits Italy in April.|0-0 1-1 3-2 4-3 5-4 6-5
Marc visite Berlin en mars.|Marc visits Berlin in March.|0-0 1-1 2-2 3-3 4-4 5-5
Claire visite le Canada en avril.|Claire visits Canada in April.|0-0 1-1 3-2 4-3 5-4 6-5
Thomas visite Athènes en octobre.|Thomas visits Athens in October.|0-0 1-1 2-2 3-3 4-4 5-5
Thomas a visité la France en janvier.|Thomas visited France in January.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Pierre visite Paris en décembre|Pierre visits Paris in December|0-0 1-1 2-2 3-3 4-4
Thomas ne visite pas le Japon en décembre.|Thomas does not visit Japan in December.|0-0 1-2 2-1 2-3 3-2 5-4 6-5 7-6 8-7
Thomas visitait le Canada en janvier.|Thomas used to visit Canada in January.|0-0 1-1 1-2 1-3 3-4 4-5 5-6 6-7
Marie visitera l'Europe en janvier.|Marie will visit Europe in January.|0-0 1-1 1-2 3-3 4-4 5-5 6-6
Alain visitera l'Afrique en août.|Alain will visit Africa in August.|0-0 1-1 1-2 3-3 4-4 5-5 6-6
Pierre visite le Japon en novembre.|Pierre visits Japan in November.|0-0 1-1 3-2 4-3 5-4 6-5
Louis visitait la Grèce en janvier.|Louis used to visit Greece in January.|0-0 1-1 1-2 1-3 3-4 4-5 5-6 6-7
Claire veut visiter la France en janvier|Claire wants to visit France in January|0-0 1-1 2-2 2-3 4-4 5-5 6-6
Alain visite l'Inde en octobre.|Alain visits India in October.|0-0 1-1 3-2 4-3 5-4 6-5
Julie visite l'Inde en février.|Julie visits India in February.|0-0 1-1 3-2 4-3 5-4 6-5
Jane visite l'Asie en août.|Jane visits Asia in August.|0-0 1-1 3-2 4-3 5-4 6-5
Thomas visite l'Amérique en décembre.|Thomas visits America in December.|0-0 1-1 3-2 4-3 5-4 6-5
Marc visite les Pays-Bas en juin.|Marc visits the Netherlands in June.|0-0 1-1 2-2 3-3 4-4 5-5 6-6
Paul visite le Canada en mars.|Paul visits Canada in March.|0-0 1-1 3-2 4-3 5-4 6-5
Alain va visiter le Maroc en janvier.|Alain is going to visit Morocco in January.|0-0 1-1 1-2 2-3 2-4 4-5 5-6 6-7 7-8
Sophie visite la Grèce en octobre.|Sophie visits Greece in October.|0-0 1-1 3-2 4-3 5-4 6-5
Paul visitera l'Amérique en octobre|Paul will visit America in October|0-0 1-1 1-2 3-3 4-4 5-5
Marie visite Londres en février.|Marie visits London in February.|0-0 1-1 2-2 3-3 4-4 5-5
Paul visite Rome en mai.|Paul visits Rome in May.|0-0 1-1 2-2 3-3 4-4 5-5
Jane a visité le Maroc en février.|Jane visited Morocco in February.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Louis visite Athènes en février.|Louis visits Athens in February.|0-0 1-1 2-2 3-3 4-4 5-5
Pierre va visiter l'Inde en novembre.|Pierre is going to visit India in November.|0-0 1-1 1-2 2-3 2-4 4-5 5-6 6-7 7-8
Elle visite l'Europe en mai.|She visits Europe in May.|0-0 1-1 3-2 4-3 5-4 6-5
Louis a visité les Pays-Bas en mai.|Louis visited the Netherlands in May.|0-0 1-1 2-1 3-2 4-3 5-4 6-5 7-6
Paul visite l'Amérique en juin.|Paul visits America in June.|0-0 1-1 3-2 4-3 5-4 6-5
Claire visite l'Inde en juin.|Claire visits India in June.|0-0 1-1 3-2 4-3 5-4 6-5
Jane visite Athènes en octobre|Jane visits Athens in October|0-0 1-1 2-2 3-3 4-4
Alain visite la Chine en février.|Alain visits China in February.|0-0 1-1 3-2 4-3 5-4 6-5
Paul veut visiter l'Europe en octobre|Paul wants to visit Europe in October|0-0 1-1 2-2 2-3 4-4 5-5 6-6
Marc a visité le Mexique en avril.|Marc visited Mexico in April.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Sophie va visiter les Pays-Bas en mai.|Sophie is going to visit the Netherlands in May.|0-0 1-1 1-2 2-3 2-4 3-5 4-6 5-7 6-8 7-9
Marc visite la France en septembre.|Marc visits France in September.|0-0 1-1 3-2 4-3 5-4 6-5
Sophie doit visiter les Pays-Bas en septembre.|Sophie must visit the Netherlands in September.|0-0 1-1 2-2 3-3 4-4 5-5 6-6 7-7
Claire visite l'Asie en septembre.|Claire visits Asia in September.|0-0 1-1 3-2 4-3 5-4 6-5
Anna a visité les États-Unis en juin|Anna visited the United States in June|0-0 1-1 2-1 3-2 4-3 4-4 5-5 6-6
Anna ne visite pas Paris en décembre.|Anna does not visit Paris in December.|0-0 1-2 2-1 2-3 3-2 4-4 5-5 6-6 7-7
Pierre visite la Chine en avril.|Pierre visits China in April.|0-0 1-1 3-2 4-3 5-4 6-5
Sophie visite le Canada en juillet.|Sophie visits Canada in July.|0-0 1-1 3-2 4-3 5-4 6-5
Sophie visite la Chine en août.|Sophie visits China in August.|0-0 1-1 3-2 4-3 5-4 6-5
Marie visite l'Amérique en février|Marie visits America in February|0-0 1-1 3-2 4-3 5-4
Marie visite Paris en mai.|Marie visits Paris in May.|0-0 1-1 2-2 3-3 4-4 5-5
Marie visite Rome en décembre|Marie visits Rome in December|0-0 1-1 2-2 3-3 4-4
Jane ne visite pas le Maroc en janvier.|Jane does not visit Morocco in January.|0-0 1-2 2-1 2-3 3-2 5-4 6-5 7-6 8-7
Claire visite l'Asie en octobre.|Claire visits Asia in October.|0-0 1-1 3-2 4-3 5-4 6-5
Louis va visiter le Maroc en juin.|Louis is going to visit Morocco in June.|0-0 1-1 1-2 2-3 2-4 4-5 5-6 6-7 7-8
Marie visite le Japon en juillet.|Marie visits Japan in July.|0-0 1-1 3-2 4-3 5-4 6-5
Marc visite Berlin en janvier|Marc visits Berlin in January|0-0 1-1 2-2 3-3 4-4
Alain visite l'Afrique en décembre.|Alain visits Africa in December.|0-0 1-1 3-2 4-3 5-4 6-5
Julie ne visite pas l'Europe en octobre.|Julie does not visit Europe in October.|0-0 1-2 2-1 2-3 3-2 5-4 6-5 7-6 8-7
Louis va visiter le Brésil en octobre.|Louis is going to visit Brazil in October.|0-0 1-1 1-2 2-3 2-4 4-5 5-6 6-7 7-8
Pierre peut visiter l'Amérique en août.|Pierre can visit America in August.|0-0 1-1 2-2 4-3 5-4 6-5 7-6
Alain visite Athènes en décembre.|Alain visits Athens in December.|0-0 1-1 2-2 3-3 4-4 5-5
Anna ne visitera pas Londres en avril.|Anna will not visit London in April.|0-0 1-2 2-1 2-3 3-2 4-4 5-5 6-6 7-7
Alain a visité les Pays-Bas en octobre.|Alain visited the Netherlands in October.|0-0 1-1 2-1 3-2 4-3 5-4 6-5 7-6
Marc visite l'Afrique en novembre.|Marc visits Africa in November.|0-0 1-1 3-2 4-3 5-4 6-5
Paul a visité l'Italie en mai.|Paul visited Italy in May.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Il visite la Grèce en mars|He visits Greece in March|0-0 1-1 3-2 4-3 5-4
Marie ne visitera pas la Chine en février.|Marie will not visit China in February.|0-0 1-2 2-1 2-3 3-2 5-4 6-5 7-6 8-7
Claire visite la Grèce en août.|Claire visits Greece in August.|0-0 1-1 3-2 4-3 5-4 6-5
Jane ne visite pas la France en avril.|Jane does not visit France in April.|0-0 1-2 2-1 2-3 3-2 5-4 6-5 7-6 8-7
Sophie veut visiter le Japon en décembre|Sophie wants to visit Japan in December|0-0 1-1 2-2 2-3 4-4 5-5 6-6
Marc ne visite pas le Maroc en décembre.|Marc does not visit Morocco in December.|0-0 1-2 2-1 2-3 3-2 5-4 6-5 7-6 8-7
Claire visite le Canada en mai.|Claire visits Canada in May.|0-0 1-1 3-2 4-3 5-4 6-5
Louis visite Vienne en août.|Louis visits Vienna in August.|0-0 1-1 2-2 3-3 4-4 5-5
Alain visite l'Europe en mars.|Alain visits Europe in March.|0-0 1-1 3-2 4-3 5-4 6-5
Sophie visite l'Inde en juillet|Sophie visits India in July|0-0 1-1 3-2 4-3 5-4
Marie a visité le Maroc en septembre.|Marie visited Morocco in September.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Anna peut visiter Londres en août.|Anna can visit London in August.|0-0 1-1 2-2 3-3 4-4 5-5 6-6
Louis visite les États-Unis en octobre.|Louis visits the United States in October.|0-0 1-1 2-2 3-3 3-4 4-5 5-6 6-7
Jane veut visiter le Canada en avril.|Jane wants to visit Canada in April.|0-0 1-1 2-2 2-3 4-4 5-5 6-6 7-7
Pierre visite Londres en décembre.|Pierre visits London in December.|0-0 1-1 2-2 3-3 4-4 5-5
Marie visite le Japon en juin.|Marie visits Japan in June.|0-0 1-1 3-2 4-3 5-4 6-5
Marc visite Paris en mars|Marc visits Paris in March|0-0 1-1 2-2 3-3 4-4
Marc ne visite pas la France en mars.|Marc does not visit France in March.|0-0 1-2 2-1 2-3 3-2 5-4 6-5 7-6 8-7
Claire visite la Grèce en mai.|Claire visits Greece in May.|0-0 1-1 3-2 4-3 5-4 6-5
Anna a visité l'Europe en novembre.|Anna visited Europe in November.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Claire visite les États-Unis en mars.|Claire visits the United States in March.|0-0 1-1 2-2 3-3 3-4 4-5 5-6 6-7
Pierre a visité la Grèce en septembre.|Pierre visited Greece in September.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Paul visite Berlin en septembre|Paul visits Berlin in September|0-0 1-1 2-2 3-3 4-4
Jane va visiter les Pays-Bas en août.|Jane is going to visit the Netherlands in August.|0-0 1-1 1-2 2-3 2-4 3-5 4-6 5-7 6-8 7-9
Louis va visiter le Maroc en novembre.|Louis is going to visit Morocco in November.|0-0 1-1 1-2 2-3 2-4 4-5 5-6 6-7 7-8
Louis visite le Brésil en décembre.|Louis visits Brazil in December.|0-0 1-1 3-2 4-3 5-4 6-5
Marc ne visite pas Paris en janvier.|Marc does not visit Paris in January.|0-0 1-2 2-1 2-3 3-2 4-4 5-5 6-6 7-7
Claire visite la France en novembre.|Claire visits France in November.|0-0 1-1 3-2 4-3 5-4 6-5
Marie a visité la France en mars.|Marie visited France in March.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Julie ne visite pas la Chine en août.|Julie does not visit China in August.|0-0 1-2 2-1 2-3 3-2 5-4 6-5 7-6 8-7
Claire visite Rome en septembre.|Claire visits Rome in September.|0-0 1-1 2-2 3-3 4-4 5-5
Jane visitait Paris en mars.|Jane used to visit Paris in March.|0-0 1-1 1-2 1-3 2-4 3-5 4-6 5-7
Anna ne visitera pas les Pays-Bas en janvier.|Anna will not visit the Netherlands in January.|0-0 1-2 2-1 2-3 3-2 4-4 5-5 6-6 7-7 8-8
Sophie a visité l'Amérique en avril.|Sophie visited America in April.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Sophie visite Paris en février.|Sophie visits Paris in February.|0-0 1-1 2-2 3-3 4-4 5-5
Alain visite le Japon en juillet.|Alain visits Japan in July.|0-0 1-1 3-2 4-3 5-4 6-5
Alain visite Paris en août.|Alain visits Paris in August.|0-0 1-1 2-2 3-3 4-4 5-5
Thomas visite Athènes en décembre|Thomas visits Athens in December|0-0 1-1 2-2 3-3 4-4
Julie a visité le Mexique en mai.|Julie visited Mexico in May.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Claire ne visite pas le Canada en août.|Claire does not visit Canada in August.|0-0 1-2 2-1 2-3 3-2 5-4 6-5 7-6 8-7
Julie visite la Grèce en mai.|Julie visits Greece in May.|0-0 1-1 3-2 4-3 5-4 6-5
Marc visite l'Afrique en décembre.|Marc visits Africa in December.|0-0 1-1 3-2 4-3 5-4 6-5
Jane visite l'Italie en mai.|Jane visits Italy in May.|0-0 1-1 3-2 4-3 5-4 6-5
Sophie a visité les Pays-Bas en août.|Sophie visited the Netherlands in August.|0-0 1-1 2-1 3-2 4-3 5-4 6-5 7-6
Sophie a visité l'Espagne en octobre.|Sophie visited Spain in October.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Pierre visite Paris en février.|Pierre visits Paris in February.|0-0 1-1 2-2 3-3 4-4 5-5
Claire visite Londres en décembre.|Claire visits London in December.|0-0 1-1 2-2 3-3 4-4 5-5
Julie visite la Chine en décembre.|Julie visits China in December.|0-0 1-1 3-2 4-3 5-4 6-5
Thomas visite les États-Unis en décembre.|Thomas visits the United States in December.|0-0 1-1 2-2 3-3 3-4 4-5 5-6 6-7
Thomas va visiter l'Europe en février.|Thomas is going to visit Europe in February.|0-0 1-1 1-2 2-3 2-4 4-5 5-6 6-7 7-8
Sophie ne visite pas Londres en mars.|Sophie does not visit London in March.|0-0 1-2 2-1 2-3 3-2 4-4 5-5 6-6 7-7
Louis visite l'Europe en novembre|Louis visits Europe in November|0-0 1-1 3-2 4-3 5-4
Paul visite les Pays-Bas en mars|Paul visits the Netherlands in March|0-0 1-1 2-2 3-3 4-4 5-5
Jane doit visiter les États-Unis en juillet.|Jane must visit the United States in July.|0-0 1-1 2-2 3-3 4-4 4-5 5-6 6-7 7-8
Sophie visite le Brésil en août.|Sophie visits Brazil in August.|0-0 1-1 3-2 4-3 5-4 6-5
Julie visite la France en décembre.|Julie visits France in December.|0-0 1-1 3-2 4-3 5-4 6-5
Anna visite Londres en mars.|Anna visits London in March.|0-0 1-1 2-2 3-3 4-4 5-5
Julie a visité les Pays-Bas en septembre.|Julie visited the Netherlands in September.|0-0 1-1 2-1 3-2 4-3 5-4 6-5 7-6
Marc a visité la Chine en mai.|Marc visited China in May.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Anna a visité Rome en août.|Anna visited Rome in August.|0-0 1-1 2-1 3-2 4-3 5-4 6-5
Pierre visite le Maroc en octobre.|Pierre visits Morocco in October.|0-0 1-1 3-2 4-3 5-4 6-5
Jane a visité les Pays-Bas en février.|Jane visited the Netherlands in February.|0-0 1-1 2-1 3-2 4-3 5-4 6-5 7-6
Pierre visite le Mexique en avril.|Pierre visits Mexico in April.|0-0 1-1 3-2 4-3 5-4 6-5
Jane visite le Japon en mars.|Jane visits Japan in March.|0-0 1-1 3-2 4-3 5-4 6-5
Anna visite l'Europe en octobre.|Anna visits Europe in October.|0-0 1-1 3-2 4-3 5-4 6-5
Marc visite le Brésil en juillet.|Marc visits Brazil in July.|0-0 1-1 3-2 4-3 5-4 6-5
Marie visitera Rome en mai.|Marie will visit Rome in May.|0-0 1-1 1-2 2-3 3-4 4-5 5-6
Louis visite l'Italie en mars.|Louis visits Italy in March.|0-0 1-1 3-2 4-3 5-4 6-5
Marie visite le Brésil en octobre.|Marie visits Brazil in October.|0-0 1-1 3-2 4-3 5-4 6-5
Julie veut visiter l'Italie en août.|Julie wants to visit Italy in August.|0-0 1-1 2-2 2-3 4-4 5-5 6-6 7-7
Pierre visitera Athènes en mars.|Pierre will visit Athens in March.|0-0 1-1 1-2 2-3 3-4 4-5 5-6
Thomas visite Londres en novembre.|Thomas visits London in November.|0-0 1-1 2-2 3-3 4-4 5-5
Sophie visite l'Afrique en avril|Sophie visits Africa in April|0-0 1-1 3-2 4-3 5-4
Claire a visité la Chine en janvier.|Claire visited China in January.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Alain visite Paris en mars.|Alain visits Paris in March.|0-0 1-1 2-2 3-3 4-4 5-5
Sophie visite le Japon en février.|Sophie visits Japan in February.|0-0 1-1 3-2 4-3 5-4 6-5
Jane visite Rome en septembre.|Jane visits Rome in September.|0-0 1-1 2-2 3-3 4-4 5-5
Pierre a visité l'Amérique en juin.|Pierre visited America in June.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Marc visite Athènes en juillet|Marc visits Athens in July|0-0 1-1 2-2 3-3 4-4
Paul ne visitera pas l'Espagne en novembre.|Paul will not visit Spain in November.|0-0 1-2 2-1 2-3 3-2 5-4 6-5 7-6 8-7
Claire visite le Japon en septembre.|Claire visits Japan in September.|0-0 1-1 3-2 4-3 5-4 6-5
Alain visitait Vienne en avril.|Alain used to visit Vienna in April.|0-0 1-1 1-2 1-3 2-4 3-5 4-6 5-7
Claire a visité l'Afrique en mai|Claire visited Africa in May|0-0 1-1 2-1 4-2 5-3 6-4
Paul visite Berlin en octobre.|Paul visits Berlin in October.|0-0 1-1 2-2 3-3 4-4 5-5
Claire a visité l'Italie en août.|Claire visited Italy in August.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Sophie visitera le Mexique en juillet.|Sophie will visit Mexico in July.|0-0 1-1 1-2 3-3 4-4 5-5 6-6
Claire a visité les États-Unis en janvier.|Claire visited the United States in January.|0-0 1-1 2-1 3-2 4-3 4-4 5-5 6-6 7-7
Sophie visite l'Espagne en novembre.|Sophie visits Spain in November.|0-0 1-1 3-2 4-3 5-4 6-5
Claire visite la Chine en septembre.|Claire visits China in September.|0-0 1-1 3-2 4-3 5-4 6-5
Sophie visite le Maroc en janvier.|Sophie visits Morocco in January.|0-0 1-1 3-2 4-3 5-4 6-5
Thomas visite l'Italie en octobre.|Thomas visits Italy in October.|0-0 1-1 3-2 4-3 5-4 6-5
Paul ne visite pas la France en mars.|Paul does not visit France in March.|0-0 1-2 2-1 2-3 3-2 5-4 6-5 7-6 8-7
Thomas visite la Grèce en novembre.|Thomas visits Greece in November.|0-0 1-1 3-2 4-3 5-4 6-5
Julie visite les Pays-Bas en juillet.|Julie visits the Netherlands in July.|0-0 1-1 2-2 3-3 4-4 5-5 6-6
Claire ne visite pas l'Italie en mars.|Claire does not visit Italy in March.|0-0 1-2 2-1 2-3 3-2 5-4 6-5 7-6 8-7
Louis visite les États-Unis en janvier.|Louis visits the United States in January.|0-0 1-1 2-2 3-3 3-4 4-5 5-6 6-7
Claire visite l'Asie en juillet.|Claire visits Asia in July.|0-0 1-1 3-2 4-3 5-4 6-5
Marie visite l'Asie en octobre.|Marie visits Asia in October.|0-0 1-1 3-2 4-3 5-4 6-5
Sophie visite les États-Unis en février.|Sophie visits the United States in February.|0-0 1-1 2-2 3-3 3-4 4-5 5-6 6-7
Alain a visité l'Inde en mai.|Alain visited India in May.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Julie visite les États-Unis en août.|Julie visits the United States in August.|0-0 1-1 2-2 3-3 3-4 4-5 5-6 6-7
Paul ne visite pas l'Inde en décembre.|Paul does not visit India in December.|0-0 1-2 2-1 2-3 3-2 5-4 6-5 7-6 8-7
Thomas visite Londres en octobre.|Thomas visits London in October.|0-0 1-1 2-2 3-3 4-4 5-5
Pierre visite Berlin en août.|Pierre visits Berlin in August.|0-0 1-1 2-2 3-3 4-4 5-5
Alain visite les Pays-Bas en janvier.|Alain visits the Netherlands in January.|0-0 1-1 2-2 3-3 4-4 5-5 6-6
Jane a visité le Brésil en novembre|Jane visited Brazil in November|0-0 1-1 2-1 4-2 5-3 6-4
Thomas visite l'Espagne en juin.|Thomas visits Spain in June.|0-0 1-1 3-2 4-3 5-4 6-5
Thomas va visiter Rome en avril.|Thomas is going to visit Rome in April.|0-0 1-1 1-2 2-3 2-4 3-5 4-6 5-7 6-8
Julie a visité l'Italie en octobre|Julie visited Italy in October|0-0 1-1 2-1 4-2 5-3 6-4
Paul visite le Maroc en septembre.|Paul visits Morocco in September.|0-0 1-1 3-2 4-3 5-4 6-5
Marie visite l'Italie en juillet|Marie visits Italy in July|0-0 1-1 3-2 4-3 5-4
Il visitait le Brésil en décembre.|He used to visit Brazil in December.|0-0 1-1 1-2 1-3 3-4 4-5 5-6 6-7
Julie visite l'Europe en février|Julie visits Europe in February|0-0 1-1 3-2 4-3 5-4
Paul peut visiter Athènes en mai.|Paul can visit Athens in May.|0-0 1-1 2-2 3-3 4-4 5-5 6-6
Il peut visiter la Chine en décembre.|He can visit China in December.|0-0 1-1 2-2 4-3 5-4 6-5 7-6
Sophie a visité Rome en janvier.|Sophie visited Rome in January.|0-0 1-1 2-1 3-2 4-3 5-4 6-5
Sophie visite Paris en juillet.|Sophie visits Paris in July.|0-0 1-1 2-2 3-3 4-4 5-5
Anna veut visiter la Chine en juillet|Anna wants to visit China in July|0-0 1-1 2-2 2-3 4-4 5-5 6-6
Louis visite l'Asie en novembre.|Louis visits Asia in November.|0-0 1-1 3-2 4-3 5-4 6-5
Pierre visite l'Europe en avril.|Pierre visits Europe in April.|0-0 1-1 3-2 4-3 5-4 6-5
Marie visite Paris en janvier.|Marie visits Paris in January.|0-0 1-1 2-2 3-3 4-4 5-5
Anna visite la France en août.|Anna visits France in August.|0-0 1-1 3-2 4-3 5-4 6-5
Anna a visité l'Asie en mars.|Anna visited Asia in March.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Sophie visite l'Espagne en octobre.|Sophie visits Spain in October.|0-0 1-1 3-2 4-3 5-4 6-5
Sophie a visité le Mexique en juillet|Sophie visited Mexico in July|0-0 1-1 2-1 4-2 5-3 6-4
Marc veut visiter Vienne en avril.|Marc wants to visit Vienna in April.|0-0 1-1 2-2 2-3 3-4 4-5 5-6 6-7
Anna a visité la France en décembre|Anna visited France in December|0-0 1-1 2-1 4-2 5-3 6-4
Julie va visiter les États-Unis en janvier.|Julie is going to visit the United States in January.|0-0 1-1 1-2 2-3 2-4 3-5 4-6 4-7 5-8 6-9 7-10
Paul a visité la Chine en mars.|Paul visited China in March.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Julie visite Rome en juin|Julie visits Rome in June|0-0 1-1 2-2 3-3 4-4
Pierre visite le Canada en septembre.|Pierre visits Canada in September.|0-0 1-1 3-2 4-3 5-4 6-5
Thomas visite l'Afrique en février|Thomas visits Africa in February|0-0 1-1 3-2 4-3 5-4
Marc visite Paris en septembre|Marc visits Paris in September|0-0 1-1 2-2 3-3 4-4
Paul visite la Chine en novembre.|Paul visits China in November.|0-0 1-1 3-2 4-3 5-4 6-5
Marie visitera l'Inde en août.|Marie will visit India in August.|0-0 1-1 1-2 3-3 4-4 5-5 6-6
Louis visite le Canada en juin.|Louis visits Canada in June.|0-0 1-1 3-2 4-3 5-4 6-5
Julie a visité l'Europe en décembre.|Julie visited Europe in December.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Marc visite l'Asie en août.|Marc visits Asia in August.|0-0 1-1 3-2 4-3 5-4 6-5
Paul visite Berlin en août.|Paul visits Berlin in August.|0-0 1-1 2-2 3-3 4-4 5-5
Claire a visité l'Espagne en janvier.|Claire visited Spain in January.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Marc a visité Berlin en novembre.|Marc visited Berlin in November.|0-0 1-1 2-1 3-2 4-3 5-4 6-5
Sophie visite Vienne en janvier|Sophie visits Vienna in January|0-0 1-1 2-2 3-3 4-4
Pierre visite l'Amérique en février.|Pierre visits America in February.|0-0 1-1 3-2 4-3 5-4 6-5
Thomas veut visiter la Chine en juillet.|Thomas wants to visit China in July.|0-0 1-1 2-2 2-3 4-4 5-5 6-6 7-7
Elle a visité Londres en juillet.|She visited London in July.|0-0 1-1 2-1 3-2 4-3 5-4 6-5
Julie visite l'Inde en juillet|Julie visits India in July|0-0 1-1 3-2 4-3 5-4
Sophie va visiter l'Italie en novembre.|Sophie is going to visit Italy in November.|0-0 1-1 1-2 2-3 2-4 4-5 5-6 6-7 7-8
Sophie veut visiter le Japon en janvier.|Sophie wants to visit Japan in January.|0-0 1-1 2-2 2-3 4-4 5-5 6-6 7-7
Julie va visiter l'Afrique en novembre.|Julie is going to visit Africa in November.|0-0 1-1 1-2 2-3 2-4 4-5 5-6 6-7 7-8
Il a visité le Canada en janvier.|He visited Canada in January.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Claire visite l'Asie en février.|Claire visits Asia in February.|0-0 1-1 3-2 4-3 5-4 6-5
Louis visite Berlin en août.|Louis visits Berlin in August.|0-0 1-1 2-2 3-3 4-4 5-5
Marc visite Paris en janvier.|Marc visits Paris in January.|0-0 1-1 2-2 3-3 4-4 5-5
Alain visite la Chine en novembre.|Alain visits China in November.|0-0 1-1 3-2 4-3 5-4 6-5
Thomas peut visiter Vienne en mars.|Thomas can visit Vienna in March.|0-0 1-1 2-2 3-3 4-4 5-5 6-6
Julie visite Vienne en novembre|Julie visits Vienna in November|0-0 1-1 2-2 3-3 4-4
Sophie a visité Paris en novembre.|Sophie visited Paris in November.|0-0 1-1 2-1 3-2 4-3 5-4 6-5
Sophie ne visite pas Londres en juillet.|Sophie does not visit London in July.|0-0 1-2 2-1 2-3 3-2 4-4 5-5 6-6 7-7
Elle visite l'Italie en juillet.|She visits Italy in July.|0-0 1-1 3-2 4-3 5-4 6-5
Sophie visite le Mexique en avril.|Sophie visits Mexico in April.|0-0 1-1 3-2 4-3 5-4 6-5
Alain visite Athènes en octobre.|Alain visits Athens in October.|0-0 1-1 2-2 3-3 4-4 5-5
Jane ne visite pas le Maroc en décembre|Jane does not visit Morocco in December|0-0 1-2 2-1 2-3 3-2 5-4 6-5 7-6
Paul visite le Canada en janvier.|Paul visits Canada in January.|0-0 1-1 3-2 4-3 5-4 6-5
Marc ne visite pas la Chine en août.|Marc does not visit China in August.|0-0 1-2 2-1 2-3 3-2 5-4 6-5 7-6 8-7
Sophie visite la France en juillet.|Sophie visits France in July.|0-0 1-1 3-2 4-3 5-4 6-5
Julie peut visiter la Chine en octobre.|Julie can visit China in October.|0-0 1-1 2-2 4-3 5-4 6-5 7-6
Claire visite Rome en janvier.|Claire visits Rome in January.|0-0 1-1 2-2 3-3 4-4 5-5
Marc visite l'Asie en janvier.|Marc visits Asia in January.|0-0 1-1 3-2 4-3 5-4 6-5
Anna visitera la Grèce en janvier.|Anna will visit Greece in January.|0-0 1-1 1-2 3-3 4-4 5-5 6-6
Pierre visite les Pays-Bas en mai.|Pierre visits the Netherlands in May.|0-0 1-1 2-2 3-3 4-4 5-5 6-6
Louis a visité l'Asie en octobre.|Louis visited Asia in October.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Pierre visite le Maroc en janvier.|Pierre visits Morocco in January.|0-0 1-1 3-2 4-3 5-4 6-5
Alain visite les États-Unis en septembre.|Alain visits the United States in September.|0-0 1-1 2-2 3-3 3-4 4-5 5-6 6-7
Anna visite Vienne en janvier.|Anna visits Vienna in January.|0-0 1-1 2-2 3-3 4-4 5-5
Claire a visité Londres en mars.|Claire visited London in March.|0-0 1-1 2-1 3-2 4-3 5-4 6-5
Sophie visite le Mexique en novembre.|Sophie visits Mexico in November.|0-0 1-1 3-2 4-3 5-4 6-5
Jane visite l'Italie en mars.|Jane visits Italy in March.|0-0 1-1 3-2 4-3 5-4 6-5
Thomas a visité le Maroc en décembre.|Thomas visited Morocco in December.|0-0 1-1 2-1 4-2 5-3 6-4 7-5
Thomas veut visiter Londres en avril|Thomas wants to visit London in April|0-0 1-1 2-2 2-3 3-4 4-5 5-6
Marie visitera le Brésil en janvier.|Marie will visit Brazil in January.|0-0 1-1 1-2 3-3 4-4 5-5 6-6
Louis visite la Grèce en janvier|Louis visits Greece in January|0-0 1-1 3-2 4-3 5-4
Sophie ne visite pas Rome en janvier.|Sophie does not visit Rome in January.|0-0 1-2 2-1 2-3 3-2 4-4 5-5 6-6 7-7
Julie visite l'Europe en novembre|Julie visits Europe in November|0-0 1-1 3-2 4-3 5-4
Marie ne visite pas Rome en janvier.|Marie does not visit Rome in January.|0-0 1-2 2-1 2-3 3-2 4-4 5-5 6-6 7-7
Claire visitera l'Afrique en mai.|Claire will visit Africa in May.|0-0 1-1 1-2 3-3 4-4 5-5 6-6
Paul a visité Vienne en janvier|Paul visited Vienna in January|0-0 1-1 2-1 3-2 4-3 5-4
Claire visite les Pays-Bas en octobre.|Claire visits the Netherlands in October.|0-0 1-1 2-2 3-3 4-4 5-5 6-6
Marie a visité l'Italie en novembre|Marie visited Italy in November|0-0 1-1 2-1 4-2 5-3 6-4
Marie a visité Londres en août|Marie visited London in August|0-0 1-1 2-1 3-2 4-3 5-4
Jane visite l'Italie en février.|Jane visits Italy in February.|0-0 1-1 3-2 4-3 5-4 6-5
Alain peut visiter la Grèce en avril.|Alain can visit Greece in April.|0-0 1-1 2-2 4-3 5-4 6-5 7-6
Pierre visite la Chine en mai.|Pierre visits China in May.|0-0 1-1 3-2 4-3 5-4 6-5
Anna ne visite pas le Mexique en juillet.|Anna does not visit Mexico in July.|0-0 1-2 2-1 2-3 3-2 5-4 6-5 7-6 8-7
Claire visite Berlin en décembre.|Claire visits Berlin in December.|0-0 1-1 2-2 3-3 4-4 5-5
Jane peut visiter Rome en mai.|Jane can visit Rome in May.|0-0 1-1 2-2 3-3 4-4 5-5 6-6
Claire visite Rome en juillet.|Claire visits Rome in July.|0-0 1-1 2-2 3-3 4-4 5-5
Claire visite Rome en octobre.|Claire visits Rome in October.|0-0 1-1 2-2 3-3 4-4 5-5
Il visite les États-Unis en février.|He visits the United States in February.|0-0 1-1 2-2 3-3 3-4 4-5 5-6 6-7
Louis visite l'Italie en juillet.|Louis visits Italy in July.|0-0 1-1 3-2 4-3 5-4 6-5
`;

/** In the order of the corpus. */
export const visits: readonly Visit[] = lines
  .trim()
  .split("\n")
  .map((line) => {
    const [source, target, links] = line.split("|") as [string, string, string];
    return { source, target, alignment: parseAlignment(links) };
  });
