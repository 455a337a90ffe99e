def goldens(): return []
