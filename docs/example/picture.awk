# Draws a text as a terminal shows it: `piecewatch summary … | awk -f picture.awk > summary.svg`.
{
    gsub(/&/, "\\&amp;"); gsub(/</, "\\&lt;"); gsub(/>/, "\\&gt;")
    lines[NR] = $0
    if (length($0) > widest) widest = length($0)
}
END {
    width = widest * 8.43 + 48
    height = NR * 19 + 44
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\">\n", width, height, width
    printf "<title>What a node did: transfers by action and outcome, and by satellite</title>\n"
    # The edge keeps it apart from pages that are dark themselves.
    printf "<rect x=\"0.5\" y=\"0.5\" width=\"%d\" height=\"%d\" rx=\"8\" fill=\"#14191f\" stroke=\"#3d4753\"/>\n", width - 1, height - 1
    printf "<g font-family=\"ui-monospace, Menlo, Consolas, monospace\" font-size=\"14\" fill=\"#d6dde6\" xml:space=\"preserve\" style=\"white-space: pre\">\n"
    for (line = 1; line <= NR; line++) {
        style = (lines[line] ~ /^  [A-Z]+ +[A-Z]+ +[A-Z]+ +[A-Z]/ && lines[line] !~ /[0-9]/) || line == 1 ? " font-weight=\"bold\" fill=\"#ffffff\"" : ""
        if (lines[line] != "") printf "<text x=\"24\" y=\"%d\"%s>%s</text>\n", line * 19 + 18, style, lines[line]
    }
    printf "</g>\n</svg>\n"
}
