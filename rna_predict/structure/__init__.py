"""The Chain record; mmCIF and PDB in and out; modified residues; fetching; the chain store."""
