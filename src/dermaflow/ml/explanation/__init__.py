"""Relevance maps by LIME and SHAP, and their measures."""
