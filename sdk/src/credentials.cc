namespace dew {}
