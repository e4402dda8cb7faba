# Labelled tables for `benchmarks/anomalies.py labelled FOLDER`, from the R package mlbench (Newman, Hettich, Blake & Merz 1998):
#
#     Rscript benchmarks/mlbench_odd.R FOLDER
#
# Of each set some classes are usual and one (or several rare ones) is odd, drawn down to one row in twenty where it is commoner, as in Campos et al. 2016.
# The class is given away to the last column, `odd` (0 or 1). Which classes are odd was written down before anything was measured: the rarest, or
# what a reader would call the alarm (malignant, diabetic, bad return, mine).
suppressMessages(library(mlbench))
folder <- commandArgs(trailingOnly = TRUE)[1]
dir.create(folder, showWarnings = FALSE, recursive = TRUE)

written <- function(name, class, odd, usual = NULL, drop = NULL) {
  set.seed(0)
  data(list = name, package = "mlbench", envir = environment())
  table <- get(name)
  table <- table[, setdiff(names(table), drop)]
  classes <- as.character(table[[class]])
  high <- which(classes %in% odd)
  low <- which(if (is.null(usual)) !(classes %in% odd) else classes %in% usual)
  high <- high[sample.int(length(high), min(length(high), max(8, ceiling(length(low) / 19))))]
  rows <- sort(c(high, low))
  made <- table[rows, setdiff(names(table), class)]
  made$odd <- as.integer(rows %in% high)
  write.csv(made, file.path(folder, paste0(name, ".csv")), row.names = FALSE, na = "")
}

written("BreastCancer", "Class", "malignant", drop = "Id")
written("PimaIndiansDiabetes", "diabetes", "pos")
written("Ionosphere", "Class", "bad")
written("Sonar", "Class", "M")
written("Glass", "Type", "6")
written("Satellite", "classes", "cotton crop")
written("Vowel", "Class", "hid")
written("LetterRecognition", "lettr", "H")
written("Vehicle", "Class", "van")
written("Shuttle", "Class", c("Fpv.Close", "Fpv.Open", "Bypass", "Bpv.Close", "Bpv.Open"), usual = "Rad.Flow")
written("HouseVotes84", "Class", "republican")
written("DNA", "Class", "ei", usual = "n")
