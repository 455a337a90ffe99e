"""Writes test/insight/golden/projections.json: principal components, t-SNE's affinities and gradient, and analogies.

    pip install numpy scikit-learn==1.9.1
    python tools/goldens/projections.py

Components and affinities are scikit-learn's; affinities and gradient are checked here against the equations of the paper
in plain numpy, too. Analogies are the equations of Levy and Goldberg (2014) in plain numpy.
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from scipy.spatial.distance import squareform
from sklearn.decomposition import PCA
from sklearn.manifold import _t_sne

GOLDEN = Path(__file__).parents[2] / "test" / "insight" / "golden" / "projections.json"
PERPLEXITY = 6.0


def rounded(array):
    return np.round(np.asarray(array, dtype=np.float64), 9).tolist()


def conditional(squares, perplexity):
    count = len(squares)
    result = np.zeros((count, count))
    for i in range(count):
        others = np.arange(count) != i
        low, high = 0.0, 1e6
        for _ in range(200):
            precision = (low + high) / 2
            weights = np.exp(-(squares[i, others] - squares[i, others].min()) * precision)
            weights /= weights.sum()
            entropy = -np.sum(weights[weights > 0] * np.log2(weights[weights > 0]))
            low, high = (precision, high) if entropy > np.log2(perplexity) else (low, precision)
        result[i, others] = weights
    return result


def main():
    draw = np.random.default_rng(7)
    rows = (draw.normal(size=(40, 12)) * np.linspace(3, 0.1, 12) + draw.normal(size=12)).astype(np.float32)
    wide = draw.normal(size=(9, 30)).astype(np.float32)
    exact = rows.astype(np.float64)
    squares = ((exact[:, None] - exact[None]) ** 2).sum(-1)
    each = conditional(squares, PERPLEXITY)
    joint = (each + each.T) / (2 * len(rows))
    theirs = squareform(_t_sne._joint_probabilities(squares.astype(np.float32), PERPLEXITY, 0))
    assert np.abs(joint - theirs).max() < 1e-7, np.abs(joint - theirs).max()

    points = draw.normal(size=(40, 2))
    near = 1 / (1 + ((points[:, None] - points[None]) ** 2).sum(-1))
    np.fill_diagonal(near, 0)
    q = near / near.sum()
    gradient = 4 * (((joint - q) * near)[:, :, None] * (points[:, None] - points[None])).sum(1)
    upper = np.triu_indices(40, 1)
    divergence = 2 * np.sum(joint[upper] * np.log(joint[upper] / q[upper]))
    kl, theirs = _t_sne._kl_divergence(points.ravel(), squareform(joint), 1, 40, 2)
    assert np.allclose(theirs, gradient.ravel(), atol=1e-9) and abs(kl - divergence) < 1e-9

    words = draw.normal(size=(30, 6)).astype(np.float32)
    unit = words / np.linalg.norm(words, axis=1, keepdims=True)
    cosines = unit.astype(np.float64) @ unit.T.astype(np.float64)
    a, b, c = 3, 8, 21
    moved = (cosines + 1) / 2
    add = cosines[:, b] - cosines[:, a] + cosines[:, c]
    multiply = moved[:, b] * moved[:, c] / (moved[:, a] + 0.001)
    fitted, wide_fitted = PCA(3).fit(exact), PCA(2).fit(wide.astype(np.float64))
    golden = {
        "sklearn": sklearn.__version__,
        "numpy": np.__version__,
        "rows": rounded(rows),
        "pca": {
            "points": rounded(fitted.transform(exact)),
            "components": rounded(fitted.components_),
            "variances": rounded(fitted.explained_variance_),
            "shares": rounded(fitted.explained_variance_ratio_),
        },
        "wide": {"rows": rounded(wide), "points": rounded(wide_fitted.transform(wide.astype(np.float64)))},
        "tsne": {
            "perplexity": PERPLEXITY,
            "joint": rounded(joint),
            "points": rounded(points),
            "gradient": rounded(gradient),
            "divergence": divergence,
        },
        "analogy": {"words": rounded(words), "of": [a, b, c], "add": rounded(add), "multiply": rounded(multiply)},
    }
    GOLDEN.write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
