"""The experiments of Maass, Natschläger & Markram 2002, figure by figure; see maass2002.py beside this folder."""
