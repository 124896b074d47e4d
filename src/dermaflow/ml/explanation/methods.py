"""Names of the methods of explanation, in the order in which they are shown."""

METHODS = ("lime", "shap")
