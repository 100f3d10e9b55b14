"""The page of a study of generators from outside: anybody's class, judged beside the baselines."""
