// One hue per organ (degrees, OKLCH). Organs that are often told together lie far apart.

const HUES = {
  liver: 52, pancreas: 95, kidney: 18, spleen: 310, adrenal_gland: 345, gallbladder: 122, bile_duct: 110,
  bladder: 215, ureter: 200, prostate: 262, uterus: 355, ovary: 325, testis: 272, colon: 68, small_bowel: 82,
  duodenum: 103, stomach: 38, esophagus: 28, lung: 245, pleura: 230, mediastinum: 285, thymus: 268, heart: 5,
  breast: 335, bone: 190, thyroid: 278, parotid: 180, brain: 298, spine_cord: 208, peritoneum: 88, pelvis: 235,
  soft_tissue: 165, lymph_node: 142, other: 0,
};
const hueOf = (organ) => HUES[organ] ?? 0;
