"""The package's measures in the form that other libraries ask for, one module for each library."""
