"""Compresses models: an export, and measurements of before and after.

The steps in between are given (`executor`) or looked for (`search`).
"""
